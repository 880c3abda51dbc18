package com.paymentic.pinot.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServeOptionsTest {
  @Test
  void defaultsAreThoseOfALocalPinot() {
    ServeOptions options = ServeOptions.parse(List.of("--data-dir", "d"), Map.of());
    assertEquals(9000, options.controllerPort());
    assertEquals(8099, options.brokerPort());
    assertEquals(List.of("Server_127.0.0.1_8098"), options.serverInstances());
    assertEquals(List.of("Broker_127.0.0.1_8099"), options.brokerInstances());
    assertEquals(List.of(), options.minionInstances());
    assertTrue(options.admin().isEmpty());
  }

  @Test
  void thePasswordComesFromTheEnvironmentAndIsNeverShown() {
    ServeOptions options = ServeOptions.parse(List.of("--data-dir", "d", "--auth", "admin"),
        Map.of("PINOT_ADMIN_PASSWORD", "verysecret"));
    assertEquals("verysecret", options.admin().orElseThrow().password());
    assertFalse(options.toString().contains("verysecret"));
    String message = assertThrows(IllegalArgumentException.class,
        () -> ServeOptions.parse(List.of("--data-dir", "d", "--auth", "admin"), Map.of())).getMessage();
    assertTrue(message.contains("PINOT_ADMIN_PASSWORD"), message);
  }

  @ParameterizedTest
  @CsvSource({
      "'', --data-dir is missing",
      "'--data-dir', --data-dir is given without a value",
      "'--data-dir d --controller-port 70000', '--controller-port is \"70000\"'",
      "'--data-dir d --broker-port x', '--broker-port is \"x\"'",
      "'--data-dir d --nope 1', 'unknown argument \"--nope\"'",
  })
  void aMistakeIsNamed(String line, String said) {
    List<String> arguments = line.isEmpty() ? List.of() : List.of(line.split(" "));
    String message = assertThrows(IllegalArgumentException.class,
        () -> ServeOptions.parse(arguments, Map.of())).getMessage();
    assertTrue(message.startsWith(said), message);
  }
}
