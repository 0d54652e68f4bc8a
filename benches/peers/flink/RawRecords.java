// Takes the values of records from Kafka into Flink, where they lie under their device's key, and names that key.
package kaiku.peers;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** An array of bytes has Flink's fastest serializer; the time travels beside it as the event's own. */
final class RawRecords implements KafkaRecordDeserializationSchema<byte[]>, KeySelector<byte[], DeviceKey> {
    private static final long serialVersionUID = 1;
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<byte[]> out) {
        Tally.came();
        if (Strip.isOwn(record.key(), record.value())) {
            out.collect(record.value());
        } else if (record.key() != null) {
            Tally.refused(Refused.KEY);
        }
    }

    @Override
    public DeviceKey getKey(byte[] record) {
        return new DeviceKey((long) LONG.get(record, Strip.HEADER), (long) LONG.get(record, Strip.HEADER + 8));
    }

    @Override
    public TypeInformation<byte[]> getProducedType() {
        return PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
    }
}
