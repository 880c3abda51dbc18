package com.paymentic.pinot.engine.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import com.paymentic.pinot.engine.control.MetadataStore.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.pinot.spi.utils.JsonUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataStoreTest {
  @TempDir
  Path _directory;

  private MetadataStore _store;

  @BeforeEach
  void open() {
    _store = new MetadataStore(_directory.resolve("metadata"));
  }

  @AfterEach
  void close() {
    _store.close();
  }

  private static ObjectNode document(String value) {
    return JsonUtils.newObjectNode().put("value", value);
  }

  private List<Path> filesOf(Kind kind) throws IOException {
    try (Stream<Path> listed = Files.list(_store.file(kind, "x").getParent())) {
      return listed.toList();
    }
  }

  @Test
  void namesThatAreNoFileNamesComeBackAsTheyWere() {
    List<String> names = List.of("a/b", "../up", "ação", "with space", "%41", ".hidden", "a+b");
    names.forEach(name -> _store.put(Kind.SCHEMAS, name, document(name)));

    Map<String, ?> loaded = _store.load(Kind.SCHEMAS);

    assertEquals(new TreeSet<>(names), loaded.keySet());
    names.forEach(name -> assertEquals(document(name), loaded.get(name)));
    assertFalse(Files.exists(_directory.resolve("metadata/up.json")));
  }

  @Test
  void aWriteThatFailsLeavesTheOldDocumentAndNoRest() throws IOException {
    _store.put(Kind.TABLES, "t", document("old"));
    // A directory of the document's name: the rename is refused, as by a full or read-only disk.
    Files.createDirectories(_store.file(Kind.TABLES, "u").resolve("in-the-way"));

    EngineException failure = assertThrows(EngineException.class, () -> _store.put(Kind.TABLES, "u", document("new")));

    assertEquals(500, failure.status());
    assertTrue(failure.getMessage().contains("u.json"), failure.getMessage());
    assertEquals(2, filesOf(Kind.TABLES).size(), "no temporary file is left");
    Files.delete(_store.file(Kind.TABLES, "u").resolve("in-the-way"));
    Files.delete(_store.file(Kind.TABLES, "u"));
    assertEquals(Map.of("t", document("old")), _store.load(Kind.TABLES));
  }

  @Test
  void whatACrashLeftOfAWriteIsIgnoredAndRemoved() throws IOException {
    _store.put(Kind.TABLES, "t", document("old"));
    Files.writeString(_store.file(Kind.TABLES, "t").resolveSibling("8273.tmp"), "{\"value\": \"ne");

    assertEquals(Map.of("t", document("old")), _store.load(Kind.TABLES));
    assertEquals(List.of(_store.file(Kind.TABLES, "t")), filesOf(Kind.TABLES));
  }

  @Test
  void aDamagedFileIsNamedButNotQuoted() throws IOException {
    for (String damage : List.of("{\"password\": \"geheim", "[1]", "", "geheim")) {
      Files.writeString(_store.file(Kind.USERS, "who"), damage);

      IllegalStateException failure = assertThrows(IllegalStateException.class, () -> _store.load(Kind.USERS));

      assertTrue(failure.getMessage().contains(_store.file(Kind.USERS, "who").toString()), failure.getMessage());
      assertTrue(failure.getMessage().contains("backup"), failure.getMessage());
      assertFalse(failure.getMessage().contains("geheim"), failure.getMessage());
    }
  }

  @Test
  void aDocumentOfAnotherShapeIsNamedAsWell() throws IOException {
    Files.writeString(_store.file(Kind.TABLES, "t_OFFLINE"), "{\"config\": {\"tableType\": \"NOPE\"}}");

    IllegalStateException failure = assertThrows(IllegalStateException.class, () -> new ClusterState(_store));

    assertTrue(failure.getMessage().contains("t_OFFLINE.json"), failure.getMessage());
  }

  @Test
  void documentsAreReadableByTheirOwnerAlone() throws IOException {
    _store.put(Kind.USERS, "u", document("hash"));

    assertEquals("rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(_store.file(Kind.USERS, "u"))));
  }

  @Test
  void aSecondEngineOnTheDirectoryIsRefusedUntilTheFirstEnds() {
    Path directory = _directory.resolve("metadata");

    IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> new MetadataStore(directory));

    assertTrue(refusal.getMessage().contains("another engine"), refusal.getMessage());
    _store.close();
    _store = new MetadataStore(directory);
  }
}
