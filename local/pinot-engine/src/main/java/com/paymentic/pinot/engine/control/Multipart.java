package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The one file of a {@code multipart/form-data} body (RFC 7578), which is how Pinot takes files. */
final class Multipart {
  private static final Pattern BOUNDARY = Pattern.compile("boundary=\"?([^\";]+)\"?", Pattern.CASE_INSENSITIVE);
  private static final int MAX_HEADER_BYTES = 8192;
  private static final int BUFFER_BYTES = 64 * 1024;

  private Multipart() {
  }

  /** @return the body, or the file in it when the body is multipart */
  static String textOf(Request request) {
    if (boundary(request).isEmpty()) {
      return request.text();
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    copyFile(request, file);
    return file.toString(StandardCharsets.UTF_8);
  }

  private static Optional<String> boundary(Request request) {
    return request.header("Content-Type").filter(type -> type.startsWith("multipart/form-data"))
        .map(BOUNDARY::matcher).filter(Matcher::find).map(matcher -> matcher.group(1));
  }

  /** Writes the first part's content. @throws EngineException 400 when the body is not multipart or has no part */
  static void copyFile(Request request, OutputStream to) {
    String boundary = boundary(request).orElseThrow(
        () -> new EngineException(400, "The body must be multipart/form-data with one file"));
    copyFile(boundary, request.stream(), to);
  }

  static void copyFile(String boundary, InputStream body, OutputStream to) {
    InputStream in = new BufferedInputStream(body, BUFFER_BYTES);
    // Byte by byte: a file behind it would be asked 25 million times for an hour of events.
    OutputStream out = new BufferedOutputStream(to, BUFFER_BYTES);
    try {
      skipThrough(in, ("--" + boundary).getBytes(StandardCharsets.ISO_8859_1));
      skipHeaders(in);
      copyUntil(in, ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1), out);
      out.flush();
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void skipThrough(InputStream in, byte[] delimiter)
      throws IOException {
    copyUntil(in, delimiter, OutputStream.nullOutputStream());
  }

  private static void skipHeaders(InputStream in)
      throws IOException {
    int matched = 0;
    byte[] end = {'\r', '\n', '\r', '\n'};
    for (int count = 0; count < MAX_HEADER_BYTES && matched < end.length; count++) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      matched = next == end[matched] ? matched + 1 : next == end[0] ? 1 : 0;
    }
    if (matched < end.length) {
      throw new EngineException(400, "The multipart body has no part with a file");
    }
  }

  /** Copies up to the delimiter, which is consumed (Knuth, Morris and Pratt: the input is read once). */
  private static void copyUntil(InputStream in, byte[] delimiter, OutputStream to)
      throws IOException {
    int[] fallback = fallback(delimiter);
    int matched = 0;
    while (matched < delimiter.length) {
      int next = in.read();
      if (next < 0) {
        throw new EngineException(400, "The multipart body ends before its boundary");
      }
      while (matched > 0 && delimiter[matched] != (byte) next) {
        int shorter = fallback[matched - 1];
        to.write(delimiter, 0, matched - shorter);
        matched = shorter;
      }
      if (delimiter[matched] == (byte) next) {
        matched++;
      } else {
        to.write(next);
      }
    }
  }

  private static int[] fallback(byte[] delimiter) {
    int[] fallback = new int[delimiter.length];
    for (int i = 1, length = 0; i < delimiter.length; i++) {
      while (length > 0 && delimiter[i] != delimiter[length]) {
        length = fallback[length - 1];
      }
      if (delimiter[i] == delimiter[length]) {
        length++;
      }
      fallback[i] = length;
    }
    return fallback;
  }
}
