// Hands stripped records to Kafka's producer: without a key, their time cut to the day.
package kaiku.peers;

import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

final class StrippedRecords implements KafkaRecordSerializationSchema<byte[]> {
    private static final long serialVersionUID = 1;

    private final String topic;

    StrippedRecords(String topic) {
        this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(byte[] record, KafkaSinkContext context, Long millis) {
        return new ProducerRecord<>(topic, null, Day.start(Day.of(millis)), null, record);
    }
}
