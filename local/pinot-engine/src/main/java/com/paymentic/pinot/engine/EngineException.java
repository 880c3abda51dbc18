package com.paymentic.pinot.engine;

/** A refusal with the HTTP status and the message that a Pinot 1.5.1 controller gives for it. */
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int _status;

  public EngineException(int status, String message) {
    super(message);
    _status = status;
  }

  public EngineException(int status, String message, Throwable cause) {
    super(message, cause);
    _status = status;
  }

  /** @return the HTTP status, 501 for what only a cluster can do */
  public int status() {
    return _status;
  }
}
