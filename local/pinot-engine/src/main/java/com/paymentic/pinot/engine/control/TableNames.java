package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/** Finds the tables that a name in a path means: with type, or without, for one type or both. */
final class TableNames {
  private final ClusterState _state;

  TableNames(ClusterState state) {
    _state = state;
  }

  static String raw(String name) {
    return TableNameBuilder.extractRawTableName(name);
  }

  /**
   * @param type restricts to a type
   * @return the tables of that name, OFFLINE first; none when there are none
   */
  List<TableEntry> find(String name, Optional<TableType> type) {
    TableType own = TableNameBuilder.getTableTypeFromTableName(name);
    List<TableEntry> found = new ArrayList<>();
    for (TableType candidate : List.of(TableType.OFFLINE, TableType.REALTIME)) {
      if ((own == null || own == candidate) && (type.isEmpty() || type.get() == candidate)) {
        _state.table(name, candidate).ifPresent(found::add);
      }
    }
    return found;
  }

  /** @throws EngineException 404 when there is none, 403 when the name's own type is not the one asked for */
  List<TableEntry> existing(String name, Optional<TableType> type) {
    TableType own = TableNameBuilder.getTableTypeFromTableName(name);
    if (own != null && type.isPresent() && type.get() != own) {
      throw new EngineException(403, "Table name: " + name + " does not match table type: " + type.get());
    }
    List<TableEntry> found = find(name, type);
    if (found.isEmpty()) {
      throw new EngineException(404,
          "Table '" + name + type.map(t -> own == null ? "_" + t : "").orElse("") + "' not found.");
    }
    return found;
  }

  /** @throws EngineException 404 with Pinot's words of the consumption endpoints */
  TableEntry realtime(String name) {
    return _state.table(name, TableType.REALTIME).orElseThrow(() -> new EngineException(404,
        "Table " + TableNameBuilder.REALTIME.tableNameWithType(name) + " not found!"));
  }
}
