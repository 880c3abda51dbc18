package com.paymentic.pinot.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code serve} was started with.
 *
 * @param host address that both ports are bound to
 * @param controllerPort port of the controller's REST API
 * @param brokerPort port of the broker's {@code /query/sql}
 * @param dataDir {@code metadata/} below it belongs to the control plane, {@code tables/} to the data plane
 * @param serverInstances instance ids shown as servers; the first one holds every segment
 * @param brokerInstances instance ids shown as brokers
 * @param minionInstances instance ids shown as minions; none by default
 * @param admin who may do everything; empty: no authentication, as Pinot's default
 */
public record ServeOptions(String host, int controllerPort, int brokerPort, Path dataDir, List<String> serverInstances,
    List<String> brokerInstances, List<String> minionInstances, Optional<Admin> admin) {

  /** The environment variable with the administrator's password: a command line is readable by every process. */
  public static final String PASSWORD_VARIABLE = "PINOT_ADMIN_PASSWORD";

  private static final String USAGE = "serve --data-dir DIRECTORY [--host 127.0.0.1] [--controller-port 9000] "
      + "[--broker-port 8099] [--server-instance ID]... [--broker-instance ID]... [--minion-instance ID]... "
      + "[--auth ADMIN, its password in the environment variable " + PASSWORD_VARIABLE + "]";

  /** The first account, with every right on every component. */
  public record Admin(String name, String password) {
    @Override
    public String toString() {
      return "Admin[name=" + name + ", password=***]";
    }
  }

  public ServeOptions {
    serverInstances = List.copyOf(serverInstances);
    brokerInstances = List.copyOf(brokerInstances);
    minionInstances = List.copyOf(minionInstances);
  }

  /**
   * @param arguments the command line after {@code serve}
   * @throws IllegalArgumentException naming the argument, what was found and what is allowed
   */
  public static ServeOptions parse(List<String> arguments, Map<String, String> environment) {
    Arguments given = Arguments.parse(arguments, USAGE, "--host", "--controller-port", "--broker-port", "--data-dir",
        "--server-instance", "--broker-instance", "--minion-instance", "--auth");
    String host = given.last("--host").orElse("127.0.0.1");
    int brokerPort = port(given, "--broker-port", 8099);
    return new ServeOptions(host, port(given, "--controller-port", 9000), brokerPort,
        Path.of(given.required("--data-dir")), orDefault(given.all("--server-instance"), "Server_" + host + "_8098"),
        orDefault(given.all("--broker-instance"), "Broker_" + host + "_" + brokerPort),
        given.all("--minion-instance"), given.last("--auth").map(name -> admin(name, environment)));
  }

  private static Admin admin(String name, Map<String, String> environment) {
    String password = environment.getOrDefault(PASSWORD_VARIABLE, "");
    if (password.isEmpty()) {
      throw new IllegalArgumentException(
          "--auth " + name + " needs a password in the environment variable " + PASSWORD_VARIABLE + "; it is not set");
    }
    return new Admin(name, password);
  }

  private static int port(Arguments given, String name, int otherwise) {
    String text = given.last(name).orElse(String.valueOf(otherwise));
    try {
      int port = Integer.parseInt(text);
      if (port >= 0 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Told below, in the same words as a number out of range.
    }
    throw new IllegalArgumentException(name + " is \"" + text + "\"; allowed is a port, 0 to 65535 (0: any free one)");
  }

  private static List<String> orDefault(List<String> given, String otherwise) {
    return given.isEmpty() ? List.of(otherwise) : new ArrayList<>(given);
  }
}
