package com.paymentic.pinot.engine.data;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import org.apache.pinot.spi.data.readers.GenericRow;

/**
 * Makes the rows of a batch of records in two threads and hands them over in the records' order, in the caller's.
 *
 * <p>What becomes of a record depends on nothing but the record, so that pieces of a batch can be made at once; each
 * thread has functions of its own, because Pinot's keep their arguments in fields. The caller makes pieces, too,
 * whenever the next one is not there yet: with no helper to spare it makes them all. Nothing outlives the batch.
 */
final class RowBatches {
  /** Small, since the last piece of a batch is indexed while nobody makes rows. */
  private static final int RECORDS_A_PIECE = 64;
  /** How far rows may be ahead of those handed over: what the rows in memory are bounded by. */
  private static final int PIECES_AHEAD = 6;

  private final RowPipeline _own;
  private final RowPipeline _helping;
  private final Executor _helpers;
  private final Piece[] _pieces = new Piece[PIECES_AHEAD];

  /** Takes one record after the other. */
  @FunctionalInterface
  interface Taker {
    /**
     * @param outcome null when the record has no value
     * @return false to take no more
     */
    boolean take(StreamRecord record, RowPipeline.Outcome outcome);
  }

  /** Some rows, made and handed over again and again. */
  private static final class Piece {
    private final GenericRow[] _rows = new GenericRow[RECORDS_A_PIECE];
    private final RowPipeline.Outcome[] _outcomes = new RowPipeline.Outcome[RECORDS_A_PIECE];
    private boolean _made;
    private RuntimeException _exception;
    private Error _error;

    Piece() {
      Arrays.setAll(_rows, i -> new GenericRow());
    }

    void make(List<StreamRecord> records, RowPipeline pipeline) {
      for (int i = 0; i < records.size(); i++) {
        StreamRecord record = records.get(i);
        _outcomes[i] = record.value() == null ? null : pipeline.process(record.key(), record.value(), _rows[i]);
      }
    }
  }

  /**
   * @param own made of the same table and schema as {@code helping}
   * @param helpers runs what helps, when it can
   */
  RowBatches(RowPipeline own, RowPipeline helping, Executor helpers) {
    _own = own;
    _helping = helping;
    _helpers = helpers;
    Arrays.setAll(_pieces, i -> new Piece());
  }

  /**
   * Hands the records and their rows over, the last of which was taken when the answer is true.
   *
   * @throws InterruptedException while waiting for a piece that the helper makes
   */
  boolean each(List<StreamRecord> records, Taker taker) throws InterruptedException {
    Run run = new Run(records);
    if (run._count > 1) {
      _helpers.execute(run::help);
    }
    try {
      for (int i = 0; i < run._count; i++) {
        if (!handOver(run.await(i), run.records(i), taker)) {
          return false;
        }
        run.taken();
      }
      return true;
    } finally {
      run.end();
    }
  }

  private static boolean handOver(Piece piece, List<StreamRecord> records, Taker taker) {
    for (int i = 0; i < records.size(); i++) {
      if (piece._outcomes[i] == null && records.get(i).value() != null) {
        // Here, where it would have ended without a helper: after the records before it.
        if (piece._error != null) {
          throw piece._error;
        }
        throw piece._exception;
      }
      if (!taker.take(records.get(i), piece._outcomes[i])) {
        return false;
      }
      // What was taken is kept nowhere: a partition that waits for events would hold its last batch's values.
      piece._outcomes[i] = null;
      piece._rows[i].clear();
    }
    return true;
  }

  /** One batch. Pieces are claimed in order; {@code synchronized} guards what is claimed, made, and taken. */
  private final class Run {
    private final List<StreamRecord> _records;
    private final int _count;
    private int _claimed;
    private int _taken;
    private boolean _helped;
    private boolean _ended;

    Run(List<StreamRecord> records) {
      _records = records;
      _count = (records.size() + RECORDS_A_PIECE - 1) / RECORDS_A_PIECE;
    }

    List<StreamRecord> records(int piece) {
      int from = piece * RECORDS_A_PIECE;
      return _records.subList(from, Math.min(_records.size(), from + RECORDS_A_PIECE));
    }

    private Piece piece(int piece) {
      return _pieces[piece % PIECES_AHEAD];
    }

    /** Waits for a piece, and makes it or others while it waits. */
    Piece await(int wanted) throws InterruptedException {
      while (true) {
        int claimed;
        synchronized (this) {
          while (!(isClaimed(wanted) && piece(wanted)._made) && !canClaim()) {
            wait();
          }
          if (isClaimed(wanted) && piece(wanted)._made) {
            return piece(wanted);
          }
          claimed = claim();
        }
        make(claimed, _own);
      }
    }

    void help() {
      try {
        while (true) {
          int claimed;
          synchronized (this) {
            while (!_ended && _claimed < _count && !canClaim()) {
              wait();
            }
            if (_ended || _claimed == _count) {
              return;
            }
            _helped = true;
            claimed = claim();
          }
          make(claimed, _helping);
          synchronized (this) {
            _helped = false;
            notifyAll();
          }
        }
      } catch (InterruptedException e) {
        // The caller makes what is left.
        Thread.currentThread().interrupt();
      }
    }

    private boolean isClaimed(int piece) {
      return piece < _claimed;
    }

    private boolean canClaim() {
      return _claimed < _count && _claimed - _taken < PIECES_AHEAD;
    }

    private int claim() {
      Piece piece = piece(_claimed);
      piece._made = false;
      piece._exception = null;
      piece._error = null;
      Arrays.fill(piece._outcomes, null);
      return _claimed++;
    }

    private void make(int claimed, RowPipeline pipeline) {
      Piece piece = piece(claimed);
      try {
        piece.make(records(claimed), pipeline);
      } catch (RuntimeException e) {
        piece._exception = e;
      } catch (Error e) {
        // Out of memory and the like; told when its record's turn comes.
        piece._error = e;
      }
      synchronized (this) {
        piece._made = true;
        notifyAll();
      }
    }

    synchronized void taken() {
      _taken++;
      notifyAll();
    }

    /** Waits for a helper in the middle of a piece: the next batch uses its functions and the pieces again. */
    synchronized void end() {
      _ended = true;
      notifyAll();
      boolean interrupted = false;
      while (_helped) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
