package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.Locale;
import org.apache.pinot.common.utils.BcryptUtils;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.config.user.ComponentType;
import org.apache.pinot.spi.config.user.UserConfig;
import org.apache.pinot.spi.utils.JsonUtils;

/** /users: accounts by name and component, passwords as bcrypt hashes. */
final class UsersResource {
  private final ClusterState _state;

  UsersResource(ClusterState state) {
    _state = state;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/users", this::list)
        .add(AccessType.CREATE, "POST", "/users", this::add)
        .add(AccessType.READ, "GET", "/users/{username}", this::get)
        .add(AccessType.UPDATE, "PUT", "/users/{username}", this::update)
        .add(AccessType.DELETE, "DELETE", "/users/{username}", this::delete);
  }

  private Reply list(Request request) {
    ObjectNode body = JsonUtils.newObjectNode();
    body.set("users", JsonUtils.objectToJsonNode(_state.users()));
    return Reply.json(body);
  }

  private Reply get(Request request) {
    String component = request.query("component").filter(text -> !text.isBlank()).orElseThrow(
        () -> new EngineException(400, "Cannot invoke \"org.apache.pinot.spi.config.user.ComponentType.name()\" because "
            + "\"componentType\" is null"));
    String key;
    try {
      key = request.path("username") + "_" + ComponentType.valueOf(component.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new EngineException(400, "Illegal table type '" + component + "'", e);
    }
    ObjectNode body = JsonUtils.newObjectNode();
    UserConfig user = _state.users().get(key);
    // An unknown user is null, with status 200: so it is in Pinot.
    body.set(key, user == null ? null : JsonUtils.objectToJsonNode(user));
    return Reply.json(body);
  }

  private static UserConfig parse(Request request) {
    try {
      return JsonUtils.stringToObject(request.text(), UserConfig.class);
    } catch (IOException | RuntimeException e) {
      throw new EngineException(400, e.getMessage(), e);
    }
  }

  private Reply add(Request request) {
    UserConfig user = parse(request);
    String name = user.getUserName();
    if (name.contains(".") || name.contains(" ")) {
      throw new EngineException(400, "Username: " + name + " containing '.' or space is not allowed");
    }
    return _state.exclusively(() -> {
      if (_state.users().containsKey(user.getUsernameWithComponent())) {
        throw new EngineException(409, "User " + user.getUsernameWithComponent() + " already exists");
      }
      user.setPassword(BcryptUtils.encrypt(user.getPassword()));
      _state.putUser(user);
      return Reply.done("User " + user.getUsernameWithComponent() + " has been successfully added!");
    });
  }

  private Reply update(Request request) {
    String key = key(request);
    UserConfig user = parse(request);
    if (!key.equals(user.getUsernameWithComponent())) {
      throw new EngineException(400, "Request user " + key + " does not match " + user.getUsernameWithComponent()
          + " in the Request body");
    }
    return _state.exclusively(() -> {
      if (!_state.users().containsKey(key)) {
        throw new EngineException(400, "Request user " + key + " does not exist");
      }
      if (request.flag("passwordChanged", false)) {
        user.setPassword(BcryptUtils.encrypt(user.getPassword()));
      }
      _state.putUser(user);
      return Reply.done("User config update for " + key);
    });
  }

  private Reply delete(Request request) {
    if (request.query("component").isEmpty()) {
      throw new EngineException(400, "Name is null");
    }
    String key = key(request);
    return _state.exclusively(() -> {
      if (!_state.users().containsKey(key)) {
        throw new EngineException(404, "User " + key + " does not exists");
      }
      _state.deleteUser(key);
      return Reply.done("User: " + key + " has been successfully deleted");
    });
  }

  private static String key(Request request) {
    return request.path("username") + "_" + request.query("component").orElse(null);
  }
}
