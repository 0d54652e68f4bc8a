// RocksDB as Kafka Streams' own document on memory advises: one bounded cache for all stores, and filters.
package kaiku.peers;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.Filter;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

public final class RocksSettings implements RocksDBConfigSetter {
    private static final long CACHE = 512L << 20;
    private static final long WRITE_BUFFERS = 256L << 20;
    private static Cache cache;
    private static WriteBufferManager buffers;
    private static Filter filter;

    private static synchronized void open() {
        if (cache == null) {
            cache = new LRUCache(CACHE);
            buffers = new WriteBufferManager(WRITE_BUFFERS, cache);
            filter = new BloomFilter(10);
        }
    }

    @Override
    public void setConfig(String store, Options options, Map<String, Object> configs) {
        open();
        BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
        table.setBlockCache(cache);
        table.setCacheIndexAndFilterBlocks(true);
        table.setPinTopLevelIndexAndFilter(true);
        // An identifier that was never seen is not looked for on disk.
        table.setFilterPolicy(filter);
        options.setTableFormatConfig(table);
        options.setWriteBufferManager(buffers);
        options.setWriteBufferSize(64 << 20);
    }

    @Override
    public void close(String store, Options options) {
        // Shared by all stores of the process: they stay.
    }
}
