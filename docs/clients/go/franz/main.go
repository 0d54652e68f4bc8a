// Publishes uploads with franz-go and hamba/avro: franz BROKERS TOPIC DEVICES.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"kaiku/clients/raw"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: franz BROKERS TOPIC DEVICES")
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
	// The rest is as it has to be by default: the partitioner, and the acknowledgement of all replicas.
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.DefaultProduceTopic(topic),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	var answers kgo.FirstErrPromise
	for range devices {
		batch := raw.Example()
		value, err := encoder.Encode(batch)
		if err != nil {
			return err
		}
		// Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
		for range 2 {
			record := &kgo.Record{Key: batch.Device.ID[:], Value: value}
			client.Produce(context.Background(), record, answers.Promise())
		}
	}
	return answers.Err()
}
