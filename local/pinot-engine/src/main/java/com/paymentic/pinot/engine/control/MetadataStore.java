package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * The control plane's documents on disk: one JSON file each, always replaced as a whole.
 *
 * <p>A document is written to a temporary file, forced to disk and renamed over the old one, so that a crash or a full
 * disk leaves either the old document or the new one, never a torn one. A lock keeps a second engine off the directory.
 */
final class MetadataStore implements AutoCloseable {
  private static final String SUFFIX = ".json";
  private static final String TEMPORARY = ".tmp";

  /** A directory of documents. */
  enum Kind {
    SCHEMAS("schemas"), TABLES("tables"), LOGICAL_TABLES("logical-tables"), INSTANCES("instances"), USERS("users"),
    CLUSTER("cluster");

    private final String _directory;

    Kind(String directory) {
      _directory = directory;
    }
  }

  private final Path _directory;
  private final FileChannel _lockFile;

  /**
   * @param directory made when it is not there
   * @throws IllegalStateException when another engine uses the directory
   */
  MetadataStore(Path directory) {
    _directory = directory;
    try {
      for (Kind kind : Kind.values()) {
        Files.createDirectories(directory(kind));
      }
      _lockFile = FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot use " + directory + " for the engine's metadata: " + e, e);
    }
    lock();
  }

  private void lock() {
    FileLock lock;
    try {
      lock = _lockFile.tryLock();
    } catch (IOException | java.nio.channels.OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      close();
      throw new IllegalStateException("another engine is running on " + _directory
          + "; stop it, or start this one with another --data-dir");
    }
  }

  /**
   * Reads all documents of a kind by name.
   *
   * @throws IllegalStateException naming a file that is not a JSON object
   */
  SortedMap<String, JsonNode> load(Kind kind) {
    SortedMap<String, JsonNode> documents = new TreeMap<>();
    try (Stream<Path> listed = Files.list(directory(kind))) {
      for (Path file : (Iterable<Path>) listed.sorted()::iterator) {
        String fileName = file.getFileName().toString();
        if (fileName.endsWith(TEMPORARY)) {
          // What a crash left of a write that was never acknowledged.
          Files.delete(file);
        } else if (fileName.endsWith(SUFFIX)) {
          String encoded = fileName.substring(0, fileName.length() - SUFFIX.length());
          documents.put(URLDecoder.decode(encoded, StandardCharsets.UTF_8), read(file));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the engine's metadata in " + directory(kind) + ": " + e, e);
    }
    return documents;
  }

  private static JsonNode read(Path file)
      throws IOException {
    JsonNode document;
    try {
      document = JsonUtils.stringToJsonNode(Files.readString(file));
    } catch (com.fasterxml.jackson.core.JsonProcessingException | java.nio.charset.CharacterCodingException e) {
      throw damaged(file, e);
    }
    if (document == null || !document.isObject()) {
      throw damaged(file, null);
    }
    return document;
  }

  /** The error for a document that cannot be used, which says what to do about it. */
  static IllegalStateException damaged(Path file, Exception cause) {
    // A parser's message may quote the document, which may hold credentials: only the kind of error is told.
    String found = cause == null ? "it is not a JSON object" : "it was damaged (" + cause.getClass().getSimpleName() + ")";
    return new IllegalStateException("the engine's metadata file " + file + " cannot be read: " + found
        + "; restore the file from a backup, or delete it and apply its resource again");
  }

  /** @return where the document is kept, for messages */
  Path file(Kind kind, String name) {
    return directory(kind).resolve(URLEncoder.encode(name, StandardCharsets.UTF_8) + SUFFIX);
  }

  /**
   * Writes a document.
   *
   * @throws EngineException 500 when the disk does not take it; the document is then as it was
   */
  void put(Kind kind, String name, JsonNode document) {
    Path target = file(kind, name);
    Path temporary = null;
    try {
      // Created readable by its owner alone: users and stream configurations hold secrets.
      temporary = Files.createTempFile(directory(kind), "", TEMPORARY);
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(document.toPrettyString().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      forceDirectory(kind);
    } catch (IOException e) {
      discard(temporary, e);
      throw new EngineException(500, "Failed to write " + target + ": " + e + "; nothing was changed", e);
    }
  }

  /** @throws EngineException 500 when the file system refuses */
  void delete(Kind kind, String name) {
    Path target = file(kind, name);
    try {
      Files.deleteIfExists(target);
      forceDirectory(kind);
    } catch (IOException e) {
      throw new EngineException(500, "Failed to delete " + target + ": " + e, e);
    }
  }

  private void forceDirectory(Kind kind)
      throws IOException {
    try (FileChannel channel = FileChannel.open(directory(kind), StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void discard(Path temporary, IOException because) {
    if (temporary != null) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        because.addSuppressed(e);
      }
    }
  }

  private Path directory(Kind kind) {
    return _directory.resolve(kind._directory);
  }

  /** Lets another engine use the directory. */
  @Override
  public void close() {
    try {
      _lockFile.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot release the lock on " + _directory + ": " + e, e);
    }
  }
}
