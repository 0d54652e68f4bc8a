// The identifier of a device as a key of Flink's: sixteen bytes, compared and hashed without boxing.
package kaiku.peers;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.CopyableValue;

/** Flink takes an array for no key; a value type has the fastest serializer that needs no generated code. */
public final class DeviceKey implements CopyableValue<DeviceKey>, Comparable<DeviceKey> {
    private static final long serialVersionUID = 1;
    private long high;
    private long low;

    public DeviceKey() {
    }

    DeviceKey(long high, long low) {
        this.high = high;
        this.low = low;
    }

    @Override
    public int getBinaryLength() {
        return 16;
    }

    @Override
    public void copyTo(DeviceKey target) {
        target.high = high;
        target.low = low;
    }

    @Override
    public DeviceKey copy() {
        return new DeviceKey(high, low);
    }

    @Override
    public void copy(DataInputView from, DataOutputView to) throws IOException {
        to.write(from, 16);
    }

    @Override
    public void write(DataOutputView out) throws IOException {
        out.writeLong(high);
        out.writeLong(low);
    }

    @Override
    public void read(DataInputView in) throws IOException {
        high = in.readLong();
        low = in.readLong();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(high ^ low);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DeviceKey key && key.high == high && key.low == low;
    }

    @Override
    public int compareTo(DeviceKey other) {
        int first = Long.compareUnsigned(high, other.high);
        return first != 0 ? first : Long.compareUnsigned(low, other.low);
    }
}
