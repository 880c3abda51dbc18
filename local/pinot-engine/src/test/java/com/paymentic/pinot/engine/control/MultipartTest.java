package com.paymentic.pinot.engine.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paymentic.pinot.engine.EngineException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MultipartTest {
  private static final String HEADERS = "Content-Disposition: form-data; name=\"file\"\r\nX: y\r\n\r\n";

  private static String fileIn(String boundary, String body) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    Multipart.copyFile(boundary, new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)), file);
    return file.toString(StandardCharsets.UTF_8);
  }

  @Test
  void theFileIsWhatStandsBetweenTheBoundaries() {
    for (String file : List.of("x", "", "\r\n", "\r\n\r\n--", "--aab", "\r\n--aa", "\r\n--aa\r\n--aa", "\r\r\n--a",
        "ção\n{}\n")) {
      assertEquals(file, fileIn("aaab", "--aaab\r\n" + HEADERS + file + "\r\n--aaab--\r\n"), file);
    }
  }

  @Test
  void whatComesBeforeTheFirstBoundaryAndAfterTheFileIsIgnored() {
    assertEquals("file", fileIn("b", "preamble\r\n--b\r\n" + HEADERS + "file\r\n--b\r\n" + HEADERS + "other\r\n--b--"));
  }

  @Test
  void aBodyThatIsCutIsRefused() {
    for (String body : List.of("", "--b", "--b\r\nX: y\r\n", "--b\r\n" + HEADERS + "file", "nothing")) {
      assertEquals(400, assertThrows(EngineException.class, () -> fileIn("b", body), body).status());
    }
  }
}
