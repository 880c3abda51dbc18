package com.paymentic.pinot.engine.data;

/** A stream cannot be read now; the message names topic and servers and says what to do, and holds no event. */
final class StreamException extends Exception {
  private static final long serialVersionUID = 1L;

  StreamException(String message) {
    super(message);
  }

  StreamException(String message, Throwable cause) {
    super(message, cause);
  }
}
