package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rows come in the order of their records, each once, whoever makes them and however a batch ends. */
@Timeout(60)
class RowBatchesTest {
  private static final Executor NOBODY = task -> { };

  private static RowPipeline pipeline() {
    return new RowPipeline(Engine.table("transaction_wallet_registered_rt"),
        Engine.schema("transaction_wallet_registered_rt"));
  }

  private static RowBatches batches(Executor helpers) {
    return new RowBatches(pipeline(), pipeline(), helpers);
  }

  /** Every seventh record is a tombstone, every fifth no JSON, every third of another kind. */
  private static List<StreamRecord> records(int from, int to) {
    List<StreamRecord> records = new ArrayList<>();
    for (int i = from; i < to; i++) {
      String value = i % 5 == 0 ? "no json" : i % 3 == 0 ? Events.booked(i) : Events.registered(i);
      records.add(new StreamRecord(i, 0, null, i % 7 == 0 ? null : value.getBytes()));
    }
    return records;
  }

  private static String text(StreamRecord record, RowPipeline.Outcome made) {
    if (made == null) {
      return record.offset() + " tombstone";
    }
    List<GenericRow> rows = made.rows();
    return record.offset() + " " + made.fate() + (rows.isEmpty() ? "" : " " + rows.get(0).getValue("eventId"));
  }

  private static List<String> one(List<StreamRecord> records) {
    RowPipeline pipeline = pipeline();
    return records.stream().map(record -> text(record,
        record.value() == null ? null : pipeline.process(record.key(), record.value()))).toList();
  }

  private static List<String> taken(RowBatches batches, List<StreamRecord> records) throws InterruptedException {
    List<String> taken = new ArrayList<>();
    assertTrue(batches.each(records, (record, made) -> taken.add(text(record, made))));
    return taken;
  }

  @Test
  void rowsAreTheSameAndInOrderWithAndWithoutAHelper() throws InterruptedException {
    for (Executor helpers : List.of(NOBODY, ForkJoinPool.commonPool())) {
      RowBatches batches = batches(helpers);
      for (int size : new int[] {0, 1, 63, 64, 65, 1000, 3}) {
        List<StreamRecord> records = records(size, 2 * size);
        assertEquals(one(records), taken(batches, records), () -> size + " records");
      }
    }
  }

  @Test
  void aHelperDoesAPart() throws InterruptedException {
    // One that gives itself away: it drops what the caller's own functions keep.
    RowPipeline helping = new RowPipeline(Engine.table("transaction_booked_rt"), Engine.schema("transaction_booked_rt"));
    List<StreamRecord> records = records(0, 5000);
    List<String> taken = taken(new RowBatches(pipeline(), helping, ForkJoinPool.commonPool()), records);
    List<String> own = one(records);
    long helped = IntStream.range(0, own.size()).filter(i -> !own.get(i).equals(taken.get(i))).count();
    assertTrue(helped > 64 && helped < own.size() / 2, helped + " of " + own.size() + " records by the helper");
  }

  @Test
  void anErrorComesAfterTheRecordsBeforeItWhoeverMeetsIt() throws InterruptedException {
    for (Executor helpers : List.of(NOBODY, ForkJoinPool.commonPool())) {
      RowBatches batches = batches(helpers);
      List<StreamRecord> records = records(1, 1001);
      OutOfMemoryError error = new OutOfMemoryError("as if");
      AtomicInteger reads = new AtomicInteger();
      List<StreamRecord> failing = new AbstractList<>() {
        @Override
        public StreamRecord get(int index) {
          if (index == 700 && reads.getAndIncrement() == 0) {
            throw error;
          }
          return records.get(index);
        }

        @Override
        public int size() {
          return records.size();
        }
      };
      List<String> taken = new ArrayList<>();
      assertSame(error, assertThrows(OutOfMemoryError.class,
          () -> batches.each(failing, (record, made) -> taken.add(text(record, made)))));
      assertEquals(one(records).subList(0, 700), taken);
      assertEquals(one(records), taken(batches, records));
    }
  }

  @Test
  void whoTakesNoMoreGetsNoMoreAndTheNextBatchIsWhole() throws InterruptedException {
    RowBatches batches = batches(ForkJoinPool.commonPool());
    for (int stop : new int[] {0, 1, 64, 500}) {
      List<Long> taken = new ArrayList<>();
      assertFalse(batches.each(records(0, 1000), (record, made) -> {
        taken.add(record.offset());
        return record.offset() < stop;
      }));
      assertEquals(stop + 1, taken.size());
      List<StreamRecord> next = records(2000, 2400);
      assertEquals(one(next), taken(batches, next));
    }
  }
}
