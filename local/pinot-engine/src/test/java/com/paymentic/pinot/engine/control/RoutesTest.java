package com.paymentic.pinot.engine.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paymentic.pinot.engine.EngineException;
import java.util.Map;
import org.apache.pinot.spi.config.user.AccessType;
import org.junit.jupiter.api.Test;

class RoutesTest {
  private final Routes _routes = new Routes()
      .add(AccessType.READ, "GET", "/segments/{tableName}/{segmentName}", request -> Reply.text("segment"))
      .add(AccessType.READ, "GET", "/segments/segmentReloadStatus/{jobId}", request -> Reply.text("job"))
      .add(AccessType.READ, "GET", "/segments/{tableName}/servers", request -> Reply.text("servers"))
      .add(AccessType.READ, "GET", "/tables", request -> Reply.text("tables"))
      .addUnsupported("POST", "/tables/copy", "copies");

  private String answer(String path) {
    return new String(_routes.match("GET", path).route().handler().answer(null).body());
  }

  @Test
  void aLiteralSegmentWinsOverAParameterFromLeftToRight() {
    assertEquals("job", answer("/segments/segmentReloadStatus/servers"));
    assertEquals("servers", answer("/segments/t/servers"));
    assertEquals("segment", answer("/segments/t/s"));
  }

  @Test
  void aSlashAtTheEndDoesNotMatter() {
    assertEquals("tables", answer("/tables/"));
  }

  @Test
  void parametersAreDecodedAfterThePathIsDivided() {
    assertEquals(Map.of("tableName", "a/b", "segmentName", "1+1 =2"),
        _routes.match("GET", "/segments/a%2Fb/1+1%20=2").parameters());
  }

  @Test
  void theMethodAndThePathAreToldApart() {
    assertEquals("GET", _routes.match("HEAD", "/tables").route().method());
    assertEquals(405, assertThrows(EngineException.class, () -> _routes.match("PUT", "/tables")).status());
    assertEquals(404, assertThrows(EngineException.class, () -> _routes.match("GET", "/nope")).status());
    assertEquals(400, assertThrows(EngineException.class, () -> _routes.match("GET", "/segments/%zz/s")).status());
  }

  @Test
  void whatIsNotSupportedSaysSo() {
    EngineException refusal = assertThrows(EngineException.class,
        () -> _routes.match("POST", "/tables/copy").route().handler().answer(null));

    assertEquals(501, refusal.status());
    assertEquals("not supported by the local engine: copies", refusal.getMessage());
  }
}
