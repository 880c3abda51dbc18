import java.io.BufferedWriter;
import java.io.File;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentLoader;
import org.apache.pinot.segment.local.segment.readers.PinotSegmentColumnReader;
import org.apache.pinot.segment.spi.ImmutableSegment;
import org.apache.pinot.segment.spi.index.reader.Dictionary;
import org.apache.pinot.spi.utils.ReadMode;

/**
 * Prints what the segments in the given directories hold, decompressed: a line {@code segment TAB column TAB value} for
 * each distinct value of each column, hidden rows (upsert) and unused dictionary entries included.
 *
 * <p>Run from its source with the engine's class path; the engine itself is not asked, so what it no longer serves is
 * seen as well.
 */
public final class SegmentText {
  private SegmentText() {
  }

  public static void main(String[] directories) {
    int status = 1;
    try (BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8))) {
      for (String directory : directories) {
        print(new File(directory), out);
      }
      status = 0;
    } catch (Exception e) {
      System.err.println(e);
    }
    // Pinot's threads would keep the process alive.
    System.exit(status);
  }

  private static void print(File directory, BufferedWriter out) throws Exception {
    ImmutableSegment segment = ImmutableSegmentLoader.load(directory, ReadMode.mmap);
    try {
      int rows = segment.getSegmentMetadata().getTotalDocs();
      for (String column : segment.getPhysicalColumnNames()) {
        Set<String> values = new HashSet<>();
        try (PinotSegmentColumnReader reader = new PinotSegmentColumnReader(segment, column)) {
          for (int row = 0; row < rows; row++) {
            values.add(text(reader.getValue(row)));
          }
        }
        Dictionary dictionary = segment.getDictionary(column);
        for (int id = 0; dictionary != null && id < dictionary.length(); id++) {
          values.add(text(dictionary.get(id)));
        }
        for (String value : values) {
          out.write(segment.getSegmentName() + '\t' + column + '\t' + value.replace('\n', ' ') + '\n');
        }
      }
    } finally {
      segment.destroy();
    }
  }

  private static String text(Object value) {
    if (value instanceof byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
    return value instanceof Object[] values ? Arrays.toString(values) : String.valueOf(value);
  }
}
