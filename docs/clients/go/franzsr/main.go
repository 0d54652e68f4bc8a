// Publishes uploads with franz-go and its client of a registry: franzsr BROKERS TOPIC DEVICES REGISTRY_URL.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"kaiku/clients/raw"
)

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: franzsr BROKERS TOPIC DEVICES REGISTRY")
		os.Exit(2)
	}
	devices, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	if err := publish(os.Args[1], os.Args[2], devices, os.Args[4]); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("sent %d uploads, each twice\n", devices)
}

// The schema that `kaiku schemas push` has registered; its id stands in front of the Avro.
func serializer(ctx context.Context, registry string) (*sr.Serde, error) {
	client, err := sr.NewClient(sr.URLs(registry))
	if err != nil {
		return nil, err
	}
	registered, err := client.SchemaByVersion(ctx, "kaiku.raw.RawBatch", -1)
	if err != nil {
		return nil, err
	}
	schema, err := avro.Parse(registered.Schema.Schema)
	if err != nil {
		return nil, err
	}
	serde := sr.NewSerde()
	serde.Register(registered.ID, &raw.Batch{}, sr.EncodeFn(func(batch any) ([]byte, error) {
		return avro.Marshal(schema, batch)
	}))
	return serde, nil
}

func publish(brokers, topic string, devices int, registry string) error {
	ctx := context.Background()
	serde, err := serializer(ctx, registry)
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
		value, err := serde.Encode(batch)
		if err != nil {
			return err
		}
		// Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
		for range 2 {
			record := &kgo.Record{Key: batch.Device.ID[:], Value: value}
			client.Produce(ctx, record, answers.Promise())
		}
	}
	return answers.Err()
}
