// The processor: looks the device up in the store, applies the record, and forwards what is left of it.
package kaiku.peers;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

final class StripProcessor implements Processor<byte[], byte[], byte[], byte[]> {
    static final String STORE = "devices";

    private final Strip strip;
    /** Read anew from the store's bytes for each record. */
    private final Device device = new Device();
    private final Input in = new Input();
    private final Output out = new Output(1024);
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> store;

    StripProcessor(String vocabulary) {
        strip = new Strip(Vocabulary.of(vocabulary));
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
        context = given;
        store = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        Tally.came();
        Strip.Kind kind = strip.read(record.value(), record.timestamp());
        if (kind != Strip.Kind.BATCH && kind != Strip.Kind.FORGET) {
            return;
        }
        if (!Strip.isOwn(record.key(), record.value())) {
            Tally.refused(Refused.KEY);
            return;
        }
        load(record.key());
        if (kind == Strip.Kind.FORGET) {
            strip.forget(device);
        } else {
            strip.apply(device);
            forward(strip.events(device));
            forward(strip.pairs(device));
        }
        out.clear();
        DeviceCodec.write(device, out);
        store.put(record.key(), out.copy());
    }

    private void load(byte[] id) {
        byte[] known = store.get(id);
        if (known == null) {
            device.clear();
        } else {
            in.over(known, 0);
            DeviceCodec.read(in, device);
        }
    }

    private void forward(byte[] value) {
        if (value != null) {
            context.forward(new Record<>(null, value, strip.stamp()));
        }
    }
}
