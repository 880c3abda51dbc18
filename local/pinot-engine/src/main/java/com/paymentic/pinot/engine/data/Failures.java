package com.paymentic.pinot.engine.data;

import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says what failed without saying on which value.
 *
 * <p>Pinot's exceptions quote what they were given ({@code Cannot convert value: '…'}), and that is an event's field. Only
 * the names that Pinot puts in fixed places (the column, the kind of step), exception classes and code positions are
 * passed on.
 */
final class Failures {
  private static final Pattern COLUMN = Pattern.compile("for column: ([A-Za-z_$][A-Za-z0-9_$]*)$");
  private static final int DEEPEST = 10;
  /** What an operating system says of a disk; no row is in it, and the cure follows from it. */
  private static final List<String> DISK =
      List.of("No space left on device", "Read-only file system", "Disk quota exceeded", "Too many open files",
          "Permission denied", "Input/output error");

  private Failures() {
  }

  /** A row that failed in a transform, a filter, a type conversion or an index. */
  static String ofRow(Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    Matcher column = COLUMN.matcher(text);
    String where;
    if (column.find()) {
      where = (text.contains("transform function") ? "transform function of column " : "type of column ")
          + column.group(1);
    } else if (text.startsWith("Caught exception while executing filter function")) {
      where = "the table's filterFunction";
    } else {
      where = "the row";
    }
    return where + ": " + rootOf(failure).getClass().getSimpleName();
  }

  /** Something that failed while rows were at hand: building a segment, loading it. */
  static String ofSegment(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String words = cause instanceof IOException ? String.valueOf(cause.getMessage()) : "";
      for (String known : DISK) {
        if (words.contains(known)) {
          return known;
        }
      }
    }
    return rootOf(failure).getClass().getSimpleName() + " at " + position(rootOf(failure));
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    for (int depth = 0; root.getCause() != null && depth < DEEPEST; depth++) {
      root = root.getCause();
    }
    return root;
  }

  private static String position(Throwable failure) {
    for (StackTraceElement element : failure.getStackTrace()) {
      if (element.getClassName().startsWith("org.apache.pinot")
          || element.getClassName().startsWith("com.paymentic")) {
        String name = element.getClassName();
        return name.substring(name.lastIndexOf('.') + 1) + "." + element.getMethodName() + ":" + element.getLineNumber();
      }
    }
    return "an unknown place";
  }
}
