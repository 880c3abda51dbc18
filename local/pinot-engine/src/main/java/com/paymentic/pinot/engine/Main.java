package com.paymentic.pinot.engine;

import com.paymentic.pinot.engine.control.ControlPlane;
import com.paymentic.pinot.engine.data.EmbeddedDataPlane;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TimeZone;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's command line.
 *
 * <p>Exit codes: 0 done, 1 failed, 2 wrong arguments, or a schema or table that Pinot refuses. It always ends by exit:
 * Pinot's libraries leave threads behind that would keep the process alive.
 */
public final class Main {
  private static final String USAGE = "usage: serve … | rows … | validate --schema SCHEMA.json --table TABLE.json";

  private Main() {
  }

  public static void main(String[] arguments) {
    // Before any class remembers another zone: a server answers in UTC.
    System.setProperty("user.timezone", "UTC");
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    int status = 1;
    try {
      status = run(Arrays.asList(arguments));
    } catch (IllegalArgumentException | TableFiles.InvalidException e) {
      System.err.println(e.getMessage());
      status = 2;
    } catch (Throwable e) {
      System.err.println(e.getClass().getSimpleName() + ": " + e.getMessage());
    } finally {
      System.out.flush();
      Runtime.getRuntime().exit(status);
    }
  }

  private static int run(List<String> arguments) throws Exception {
    if (arguments.isEmpty()) {
      throw new IllegalArgumentException(USAGE);
    }
    List<String> rest = arguments.subList(1, arguments.size());
    switch (arguments.get(0)) {
      case "serve" -> serve(ServeOptions.parse(rest, System.getenv()));
      case "rows" -> RowsCommand.run(rest, new PrintStream(new FileOutputStream(FileDescriptor.out), false,
          StandardCharsets.UTF_8));
      case "validate" -> {
        Arguments given = Arguments.parse(rest, "validate --schema SCHEMA.json --table TABLE.json", "--schema", "--table");
        TableFiles.load(Path.of(given.required("--schema")), Path.of(given.required("--table")));
      }
      default -> throw new IllegalArgumentException("unknown command \"" + arguments.get(0) + "\"; " + USAGE);
    }
    return 0;
  }

  /** Serves until the process is told to end; what was consumed and not committed is read again at the next start. */
  private static void serve(ServeOptions options) throws Exception {
    Logger logger = LoggerFactory.getLogger(Main.class);
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
        // Its message may quote an event.
        logger.error("Thread {} ended by {}", thread.getName(), failure.getClass().getName()));
    EmbeddedDataPlane data = new EmbeddedDataPlane(options.dataDir().resolve("tables"),
        options.serverInstances().get(0), options.brokerInstances().get(0));
    ControlPlane control = new ControlPlane(options, data);
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      control.close();
      data.close();
      stopped.countDown();
    }, "stop"));
    control.start();
    logger.info("Ready: controller at port {}, broker at port {} of {}", options.controllerPort(), options.brokerPort(),
        options.host());
    stopped.await();
  }
}
