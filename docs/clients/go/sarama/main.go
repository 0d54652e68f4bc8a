// Publishes uploads with sarama and goavro: sarama BROKERS TOPIC DEVICES.
package main

import (
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/linkedin/goavro/v2"
)

// Always the same: the marker of a single object, and the fingerprint of the schema.
var header = []byte{0xc3, 0x01, 0x05, 0x09, 0xd7, 0x84, 0x9d, 0xa6, 0xf5, 0x4d}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: sarama BROKERS TOPIC DEVICES")
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
	text, err := os.ReadFile("schemas/avro/raw_batch.avsc")
	if err != nil {
		return err
	}
	codec, err := goavro.NewCodec(string(text))
	if err != nil {
		return err
	}
	config := sarama.NewConfig()
	// By default the key is hashed by FNV, and most records are rejected.
	config.Producer.Partitioner = sarama.NewMurmur2Partitioner
	// By default one replica answers for all.
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true // a SyncProducer needs it
	producer, err := sarama.NewSyncProducer(strings.Split(brokers, ","), config)
	if err != nil {
		return err
	}
	defer producer.Close()
	var records []*sarama.ProducerMessage
	for range devices {
		id := random(16)
		value, err := codec.BinaryFromNative(header[:len(header):len(header)], upload(id))
		if err != nil {
			return err
		}
		// Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
		for range 2 {
			records = append(records, &sarama.ProducerMessage{
				Topic: topic,
				Key:   sarama.ByteEncoder(id),
				Value: sarama.ByteEncoder(value),
			})
		}
	}
	// Waits for the answers to all of them.
	err = producer.SendMessages(records)
	if failed, ok := err.(sarama.ProducerErrors); ok {
		return fmt.Errorf("%d records failed: %w", len(failed), failed[0].Err)
	}
	return err
}

// What a union holds is named by its type, an own type by its full name.
func upload(id []byte) map[string]any {
	agreed := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return map[string]any{
		"device": map[string]any{
			"id":    id,
			"brand": "Nokia",
			"model": "TA-1053",
			"mcc":   goavro.Union("string", "244"),
			"mnc":   goavro.Union("string", "05"),
		},
		"app":     "maps",
		"release": "4.2",
		"consent": goavro.Union("kaiku.raw.Consent", map[string]any{
			"version": 2,
			"since":   int(agreed.Unix() / 86400),
		}),
		"stream":         goavro.Union("kaiku.raw.StreamId", random(8)),
		"first_sequence": goavro.Union("long", 0),
		// A misspelt name is left out in silence.
		"events": []any{
			map[string]any{"type": "started"},
			map[string]any{"type": "feature_used", "feature": goavro.Union("string", "route.bicycle"), "times": 2},
			map[string]any{"type": "stopped", "duration_s": goavro.Union("int", 340)},
		},
	}
}

func random(length int) []byte {
	bytes := make([]byte, length)
	rand.Read(bytes)
	return bytes
}
