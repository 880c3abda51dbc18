package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * An answer.
 *
 * @param headers beside Content-Type
 */
record Reply(int status, String contentType, byte[] body, Map<String, String> headers) {
  private static final String JSON = "application/json";

  /** @param value a JSON tree, or anything that Pinot's mapper writes */
  static Reply json(Object value) {
    try {
      byte[] body = value instanceof JsonNode node ? JsonUtils.objectToBytes(node) : JsonUtils.objectToBytes(value);
      return new Reply(200, JSON, body, Map.of());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot be written as JSON: " + value.getClass().getName(), e);
    }
  }

  /** @param json text that is JSON already */
  static Reply jsonText(String json) {
    return new Reply(200, JSON, json.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  static Reply text(String text) {
    return new Reply(200, "text/plain", text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  /** Pinot's SuccessResponse. */
  static Reply done(String status) {
    return json(JsonUtils.newObjectNode().put("status", status));
  }

  /** Pinot's ConfigSuccessResponse: properties that were not understood are told, not refused. */
  static Reply done(String status, Map<String, Object> unrecognizedProperties) {
    ObjectNode body = JsonUtils.newObjectNode();
    body.set("unrecognizedProperties", JsonUtils.objectToJsonNode(unrecognizedProperties));
    return json(body.put("status", status));
  }

  /** Pinot's error body. */
  static Reply error(int status, String message) {
    Reply reply = json(JsonUtils.newObjectNode().put("code", status).put("error", message));
    return new Reply(status, reply.contentType, reply.body, Map.of());
  }

  Reply withHeader(String name, String value) {
    return new Reply(status, contentType, body, Map.of(name, value));
  }
}
