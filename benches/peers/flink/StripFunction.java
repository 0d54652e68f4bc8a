// The keyed function: applies a record to its device's state, and emits what is left of it.
package kaiku.peers;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class StripFunction extends KeyedProcessFunction<DeviceKey, byte[], byte[]> {
    private static final long serialVersionUID = 1;

    private final String vocabulary;
    private transient Strip strip;
    private transient ValueState<KeyedDevice> state;

    StripFunction(String vocabulary) {
        this.vocabulary = vocabulary;
    }

    @Override
    public void open(OpenContext context) {
        strip = new Strip(Vocabulary.of(vocabulary));
        state = getRuntimeContext().getState(new ValueStateDescriptor<>("device", Types.VALUE(KeyedDevice.class)));
    }

    @Override
    public void processElement(byte[] value, Context context, Collector<byte[]> out) throws Exception {
        Strip.Kind kind = strip.read(value, context.timestamp());
        if (kind != Strip.Kind.BATCH && kind != Strip.Kind.FORGET) {
            return;
        }
        KeyedDevice device = state.value();
        if (device == null) {
            device = new KeyedDevice();
        }
        if (kind == Strip.Kind.FORGET) {
            strip.forget(device);
        } else {
            strip.apply(device);
            emit(strip.events(device), out);
            emit(strip.pairs(device), out);
        }
        state.update(device);
    }

    private static void emit(byte[] record, Collector<byte[]> out) {
        if (record != null) {
            out.collect(record);
        }
    }
}
