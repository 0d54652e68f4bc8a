// A device's state as a value of Flink's: an object on the heap, or its bytes in RocksDB and in a checkpoint.
package kaiku.peers;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.CopyableValue;

public final class KeyedDevice extends Device implements CopyableValue<KeyedDevice> {
    private static final long serialVersionUID = 1;

    /** Of each thread its own: a state backend serializes in several. */
    private static final ThreadLocal<Output> OUT = ThreadLocal.withInitial(() -> new Output(1024));
    private static final ThreadLocal<Input> IN = ThreadLocal.withInitial(Input::new);

    public KeyedDevice() {
    }

    @Override
    public int getBinaryLength() {
        return -1;
    }

    @Override
    public void copyTo(KeyedDevice target) {
        target.copyFrom(this);
    }

    @Override
    public KeyedDevice copy() {
        KeyedDevice copy = new KeyedDevice();
        copy.copyFrom(this);
        return copy;
    }

    @Override
    public void copy(DataInputView from, DataOutputView to) throws IOException {
        int size = from.readInt();
        to.writeInt(size);
        to.write(from, size);
    }

    @Override
    public void write(DataOutputView to) throws IOException {
        Output out = OUT.get();
        out.clear();
        DeviceCodec.write(this, out);
        to.writeInt(out.size);
        to.write(out.bytes, 0, out.size);
    }

    @Override
    public void read(DataInputView from) throws IOException {
        byte[] bytes = new byte[from.readInt()];
        from.readFully(bytes);
        Input in = IN.get();
        in.over(bytes, 0);
        DeviceCodec.read(in, this);
    }
}
