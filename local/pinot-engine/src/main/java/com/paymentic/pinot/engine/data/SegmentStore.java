package com.paymentic.pinot.engine.data;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.segment.local.segment.index.loader.LoaderUtils;
import org.apache.pinot.segment.spi.index.metadata.SegmentMetadataImpl;
import org.apache.pinot.segment.spi.store.SegmentDirectoryPaths;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * One table's files: {@code <segment>/} for each committed segment, {@code partitions/<n>.json} for what is being
 * consumed, {@code tmp/} for what is being built.
 *
 * <p>A segment counts from the moment its directory has its name (one rename). It carries the stream offsets it was made
 * from, so rows and offsets become durable together: whatever stops the process, the rows after the last committed
 * segment are read from the stream again, once.
 */
final class SegmentStore {
  private static final String BACKUP = ".segment.bak";
  private static final String TEMPORARY = ".segment.tmp";
  private static final String PAUSED = "paused";

  private final String _tableNameWithType;
  private final Path _directory;
  private final Path _partitions;

  /**
   * The oldest segment of a partition that is not committed.
   *
   * @param startOffset the offset of its first record
   * @param createdMs when it began: its name and its time threshold follow from it, over restarts too
   */
  record Progress(int sequence, long startOffset, long createdMs) { }

  /** @param endOffset the offset after the last record, -1 for a segment that was not made from a stream */
  record Committed(String segment, long startOffset, long endOffset, long rows) { }

  SegmentStore(Path tablesDir, String tableNameWithType) {
    _tableNameWithType = tableNameWithType;
    _directory = tablesDir.resolve(tableNameWithType);
    _partitions = _directory.resolve("partitions");
  }

  Path segmentDirectory(String segment) {
    return _directory.resolve(segment);
  }

  /** An empty directory to build in, on the same file system as the segments. */
  Path buildDirectory(String segment) throws IOException {
    Path directory = _directory.resolve("tmp").resolve("build-" + segment);
    DurableFiles.delete(directory);
    return Files.createDirectories(directory);
  }

  /** Undoes what an interrupted reload or replacement left, and lists the committed segments in their order. */
  List<Committed> recover() {
    List<String> names = new ArrayList<>();
    for (Path entry : entries(_directory)) {
      String name = entry.getFileName().toString();
      if (name.endsWith(BACKUP) || name.endsWith(TEMPORARY)) {
        restore(_directory.resolve(name.substring(0, name.lastIndexOf(".segment."))));
      }
    }
    for (Path entry : entries(_directory)) {
      if (SegmentDirectoryPaths.findMetadataFile(entry.toFile()) != null) {
        names.add(entry.getFileName().toString());
      }
    }
    return PinotSegments.ordered(names).stream().map(this::read).toList();
  }

  private Committed read(String segment) {
    try {
      SegmentMetadataImpl metadata = new SegmentMetadataImpl(segmentDirectory(segment).toFile());
      return new Committed(segment, offset(metadata.getStartOffset()), offset(metadata.getEndOffset()),
          metadata.getTotalDocs());
    } catch (Exception e) {
      throw new IllegalStateException("Segment " + segment + " of table " + _tableNameWithType + " at "
          + segmentDirectory(segment) + " cannot be read: " + e.getMessage() + ". Delete the table and create it again", e);
    }
  }

  private static long offset(String text) {
    return text == null || text.isEmpty() ? -1 : Long.parseLong(text);
  }

  private void restore(Path segment) {
    try {
      LoaderUtils.reloadFailureRecovery(segment.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException("Segment " + segment + " cannot be restored from its backup: " + e, e);
    }
  }

  /** Gives a built segment its name; one of that name is kept until the new one is in place. */
  void publish(File built, String segment) throws IOException {
    Path target = segmentDirectory(segment);
    Path backup = target.resolveSibling(segment + BACKUP);
    if (Files.exists(target)) {
      Files.move(target, backup);
    }
    DurableFiles.publish(built.toPath(), target);
    if (Files.exists(backup)) {
      // As Pinot does after a reload: the rename says that the new one counts, then the old one may take its time.
      Path temporary = target.resolveSibling(segment + TEMPORARY);
      Files.move(backup, temporary);
      DurableFiles.delete(temporary);
    }
  }

  /** Where a partition goes on: after its last committed segment, or at what was being consumed. */
  Optional<Progress> progress(int partition, List<Committed> committed) {
    Progress next = null;
    for (Committed segment : committed) {
      LLCSegmentName name = new LLCSegmentName(segment.segment());
      if (name.getPartitionGroupId() == partition && (next == null || name.getSequenceNumber() >= next.sequence())) {
        next = new Progress(name.getSequenceNumber() + 1, segment.endOffset(), System.currentTimeMillis());
      }
    }
    Path file = progressFile(partition);
    if (Files.exists(file)) {
      try {
        Progress noted = JsonUtils.stringToObject(Files.readString(file), Progress.class);
        // A note is older than the last segment when the process stopped between the two writes.
        return Optional.of(next == null || noted.sequence() >= next.sequence() ? noted : next);
      } catch (IOException e) {
        throw new UncheckedIOException("File " + file + " cannot be read; delete the table " + _tableNameWithType
            + " and create it again", e);
      }
    }
    return Optional.ofNullable(next);
  }

  void note(int partition, Progress progress) {
    try {
      DurableFiles.write(progressFile(partition), JsonUtils.objectToBytes(progress));
    } catch (IOException e) {
      throw new UncheckedIOException("File " + progressFile(partition) + " cannot be written: " + e, e);
    }
  }

  private Path progressFile(int partition) {
    return _partitions.resolve(partition + ".json");
  }

  boolean isPaused() {
    return Files.exists(_partitions.resolve(PAUSED));
  }

  void setPaused(boolean paused) {
    Path file = _partitions.resolve(PAUSED);
    try {
      if (paused) {
        DurableFiles.write(file, new byte[0]);
      } else if (Files.deleteIfExists(file)) {
        DurableFiles.force(_partitions);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("File " + file + " cannot be changed: " + e, e);
    }
  }

  long sizeBytes(String segment) {
    return DurableFiles.size(segmentDirectory(segment));
  }

  /** Removes the table's files; a deletion that is interrupted is finished by {@link #removeDeleted}. */
  void delete() {
    if (!Files.exists(_directory)) {
      return;
    }
    Path deleted = _directory.resolveSibling(".deleted-" + _tableNameWithType + "-" + System.nanoTime());
    try {
      Files.move(_directory, deleted);
    } catch (IOException e) {
      throw new UncheckedIOException("Directory " + _directory + " cannot be deleted: " + e, e);
    }
    DurableFiles.delete(deleted);
  }

  static void removeDeleted(Path tablesDir) {
    for (Path entry : entries(tablesDir)) {
      if (entry.getFileName().toString().startsWith(".deleted-")) {
        DurableFiles.delete(entry);
      }
    }
  }

  private static List<Path> entries(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(Files::isDirectory).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Directory " + directory + " cannot be read: " + e, e);
    }
  }
}
