package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.DataPlane.JobStatus;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Reloads and force commits in progress and done, the latest thousand; a restart forgets them, as it ends them. */
final class Jobs {
  private static final int KEPT = 1000;

  private final Map<String, Job> _jobs = Collections.synchronizedMap(new LinkedHashMap<>() {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Job> eldest) {
      return size() > KEPT;
    }
  });

  /** One job; the segments report to it from their own threads. */
  static final class Job {
    private final String _id = UUID.randomUUID().toString();
    private final String _table;
    private final int _total;
    private final long _startedAtMs = System.currentTimeMillis();
    private int _succeeded;
    private int _failed;

    private Job(String table, int total) {
      _table = table;
      _total = total;
    }

    String id() {
      return _id;
    }

    synchronized void segmentDone(boolean succeeded) {
      if (succeeded) {
        _succeeded++;
      } else {
        _failed++;
      }
    }

    private synchronized JobStatus status() {
      return new JobStatus(_id, _table, _total, _succeeded, _failed, _startedAtMs);
    }
  }

  Job begin(String tableNameWithType, int total) {
    Job job = new Job(tableNameWithType, total);
    _jobs.put(job.id(), job);
    return job;
  }

  Optional<JobStatus> status(String id) {
    return Optional.ofNullable(_jobs.get(id)).map(Job::status);
  }
}
