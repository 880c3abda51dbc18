package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import com.paymentic.pinot.engine.ServeOptions;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.pinot.common.utils.BcryptUtils;
import org.apache.pinot.core.auth.BasicAuthPrincipal;
import org.apache.pinot.core.auth.BasicAuthPrincipalUtils;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.config.user.ComponentType;
import org.apache.pinot.spi.config.user.RoleType;
import org.apache.pinot.spi.config.user.UserConfig;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/**
 * Basic authentication with users kept by the cluster, by the rules of Pinot 1.5.1's ZkBasicAuthAccessControlFactory.
 *
 * <p>Controller: every authenticated CONTROLLER user may call what names no table; what names a table asks for the user's
 * tables and permissions. Broker: BROKER users see their tables only; SQL without a table is open. Without {@code --auth}
 * everybody may do everything.
 */
final class AccessControl {
  private static final int MAX_REMEMBERED = 1000;

  private final ClusterState _state;
  private final boolean _enabled;
  /** Bcrypt takes tens of milliseconds: a password that matched is remembered, as a digest, beside its hash. */
  private final Map<String, byte[]> _matched = new ConcurrentHashMap<>();

  /** Makes the administrator's accounts on all components when authentication is on and no user exists yet. */
  AccessControl(ClusterState state, Optional<ServeOptions.Admin> admin) {
    _state = state;
    _enabled = admin.isPresent();
    if (_enabled && state.users().isEmpty()) {
      for (ComponentType component : List.of(ComponentType.CONTROLLER, ComponentType.BROKER, ComponentType.SERVER)) {
        state.putUser(new UserConfig(admin.get().name(), BcryptUtils.encrypt(admin.get().password()), component.name(),
            RoleType.ADMIN.name(), null, null, null));
      }
    }
  }

  boolean enabled() {
    return _enabled;
  }

  /** Checks a controller's route by its access type and the table in path or query. @throws EngineException 403 */
  void checkController(Request request, Routes.Route route) {
    if (route.check() == Routes.Check.BEFORE) {
      check(request, route.access(), request.tableForAccess(), request.path());
    }
  }

  /** Checks a call whose table stands in its body. @throws EngineException 403 */
  void checkTable(Request request, AccessType access, String table) {
    check(request, access, Optional.of(table), request.url());
  }

  private void check(Request request, AccessType access, Optional<String> table, String shown) {
    if (!mayUseController(request, access, table)) {
      throw new EngineException(403, "Permission is denied for " + access + " '" + shown + "'"
          + table.map(name -> " for table '" + name + "'").orElse(""));
    }
  }

  boolean mayUseController(Request request, AccessType access, Optional<String> table) {
    if (!_enabled) {
      return true;
    }
    Optional<? extends BasicAuthPrincipal> principal = principal(request, ComponentType.CONTROLLER);
    return principal.filter(user -> table.isEmpty()
        || user.hasTable(TableNameBuilder.extractRawTableName(table.get())) && user.hasPermission(access.name()))
        .isPresent();
  }

  /**
   * Checks a query.
   *
   * @param tables the physical tables that it reads; none for SQL without a table, which is open
   * @throws EngineException 401 without credentials that match, 403 naming the tables that the user may not read
   */
  void checkQuery(Request request, Collection<String> tables) {
    if (!_enabled || tables.isEmpty()) {
      return;
    }
    BasicAuthPrincipal user = principal(request, ComponentType.BROKER)
        .orElseThrow(() -> new EngineException(401, "HTTP 401 Unauthorized"));
    TreeSet<String> denied = new TreeSet<>(tables);
    denied.removeIf(table -> user.hasTable(TableNameBuilder.extractRawTableName(table)));
    if (!denied.isEmpty()) {
      throw new EngineException(403, "Permission denied.Reason: Authorization Failed for tables: " + denied);
    }
  }

  private Optional<? extends BasicAuthPrincipal> principal(Request request, ComponentType component) {
    return request.headers("Authorization").stream().flatMap(header -> authenticated(header, component).stream())
        .findFirst();
  }

  private Optional<? extends BasicAuthPrincipal> authenticated(String header, ComponentType component) {
    if (!header.regionMatches(true, 0, "Basic ", 0, 6)) {
      return Optional.empty();
    }
    String decoded;
    try {
      decoded = new String(Base64.getDecoder().decode(header.substring(6).trim()), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // Not Base64: no credentials, as far as the caller may know.
      return Optional.empty();
    }
    int colon = decoded.indexOf(':');
    if (colon <= 0) {
      return Optional.empty();
    }
    UserConfig user = _state.users().get(decoded.substring(0, colon) + "_" + component);
    return user != null && matches(decoded.substring(colon + 1), user.getPassword())
        ? BasicAuthPrincipalUtils.extractBasicAuthPrincipals(List.of(user)).stream().findFirst() : Optional.empty();
  }

  private boolean matches(String password, String hash) {
    byte[] digest = digest(password);
    byte[] known = _matched.get(hash);
    if (known != null && MessageDigest.isEqual(known, digest)) {
      return true;
    }
    boolean matches = BcryptUtils.checkpw(password, hash);
    if (matches) {
      if (_matched.size() >= MAX_REMEMBERED) {
        _matched.clear();
      }
      _matched.put(hash, digest);
    }
    return matches;
  }

  private static byte[] digest(String password) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(password.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
