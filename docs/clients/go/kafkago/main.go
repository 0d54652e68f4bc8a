// Publishes uploads with segmentio/kafka-go and hamba/avro: kafkago BROKERS TOPIC DEVICES.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"

	"kaiku/clients/raw"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: kafkago BROKERS TOPIC DEVICES")
		os.Exit(2)
	}
	devices, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	if err := publish(os.Args[1], os.Args[2], devices); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("sent %d uploads, each twice\n", devices)
}

func publish(brokers, topic string, devices int) error {
	encoder, err := raw.NewEncoder("schemas/avro/raw_batch.avsc")
	if err != nil {
		return err
	}
	writer := &kafka.Writer{
		Addr:  kafka.TCP(strings.Split(brokers, ",")...),
		Topic: topic,
		// By default the partitions are taken in turn, and most records are rejected.
		Balancer: kafka.Murmur2Balancer{},
		// By default nobody waits for an answer.
		RequiredAcks: kafka.RequireAll,
	}
	defer writer.Close()
	var records []kafka.Message
	for range devices {
		batch := raw.Example()
		value, err := encoder.Encode(batch)
		if err != nil {
			return err
		}
		// Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
		for range 2 {
			records = append(records, kafka.Message{Key: batch.Device.ID[:], Value: value})
		}
	}
	// Waits for the answers to all of them.
	return writer.WriteMessages(context.Background(), records...)
}
