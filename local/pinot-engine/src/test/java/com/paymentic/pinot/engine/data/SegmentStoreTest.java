package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paymentic.pinot.engine.data.SegmentStore.Committed;
import com.paymentic.pinot.engine.data.SegmentStore.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a partition goes on, wherever the process stopped between two writes. */
class SegmentStoreTest {
  private static final String TABLE = "t_REALTIME";

  @TempDir
  Path directory;
  private SegmentStore store;

  @BeforeEach
  void open() {
    store = new SegmentStore(directory, TABLE);
  }

  private static Committed committed(int partition, int sequence, long endOffset) {
    return new Committed("t__" + partition + "__" + sequence + "__20260101T0000Z", 0, endOffset, 1);
  }

  @Test
  void aPartitionThatWasNeverConsumedHasNoProgress() {
    assertEquals(Optional.empty(), store.progress(0, List.of(committed(1, 0, 10))));
  }

  @Test
  void aNoteThatIsOlderThanTheLastSegmentDoesNotCount() {
    store.note(0, new Progress(3, 100, 7));
    Progress next = store.progress(0, List.of(committed(0, 2, 100), committed(0, 3, 250), committed(1, 9, 999)))
        .orElseThrow();
    assertEquals(4, next.sequence());
    assertEquals(250, next.startOffset());
  }

  @Test
  void aNoteOfWhatFollowsTheLastSegmentKeepsItsOffsetAndTime() {
    store.note(0, new Progress(11, 300, 7));
    assertEquals(new Progress(11, 300, 7),
        store.progress(0, List.of(committed(0, 9, 100), committed(0, 10, 250))).orElseThrow());
  }

  @Test
  void segmentsAreOrderedByPartitionAndSequenceNotByTheirText() {
    assertEquals(List.of("t__0__9__20260101T0000Z", "t__0__10__20260101T0000Z", "t__1__2__20260101T0000Z"),
        PinotSegments.ordered(List.of("t__1__2__20260101T0000Z", "t__0__10__20260101T0000Z", "t__0__9__20260101T0000Z")));
  }

  @Test
  void aPublishedDirectoryReplacesOneOfItsNameAndLeavesNothingElse() throws IOException {
    for (String content : List.of("old", "new")) {
      Path built = store.buildDirectory("s").resolve("s");
      Files.createDirectories(built);
      Files.writeString(built.resolve("file"), content);
      store.publish(built.toFile(), "s");
    }
    assertEquals("new", Files.readString(store.segmentDirectory("s").resolve("file")));
    try (var entries = Files.list(directory.resolve(TABLE))) {
      assertEquals(List.of("s", "tmp"), entries.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void aDeletionThatWasInterruptedIsFinishedAtTheNextStart() throws IOException {
    Files.createDirectories(directory.resolve(".deleted-" + TABLE + "-1").resolve("s"));
    Files.createDirectories(directory.resolve(TABLE).resolve("s"));
    SegmentStore.removeDeleted(directory);
    assertFalse(Files.exists(directory.resolve(".deleted-" + TABLE + "-1")));
    assertTrue(Files.exists(directory.resolve(TABLE)));
    store.delete();
    try (var entries = Files.list(directory)) {
      assertEquals(0, entries.count());
    }
  }
}
