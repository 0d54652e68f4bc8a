// Package raw writes an upload as a record of events.raw, with hamba/avro.
package raw

import (
	"crypto/rand"
	"os"
	"time"

	"github.com/hamba/avro/v2"
)

// Batch is what one device uploads of one app. A field whose tag the schema does not have is left out in
// silence, and one of the schema without a field here gets its default: keep the tags as they are.
type Batch struct {
	Device        Device   `avro:"device"`
	App           string   `avro:"app"`
	Release       string   `avro:"release"`
	Consent       *Consent `avro:"consent"`
	Stream        *[8]byte `avro:"stream"`
	FirstSequence *int64   `avro:"first_sequence"`
	Events        []Event  `avro:"events"`
	Losses        []Loss   `avro:"losses"`
}

type Device struct {
	ID      [16]byte `avro:"id"`
	Brand   string   `avro:"brand"`
	Model   string   `avro:"model"`
	Mcc     *string  `avro:"mcc"`
	Mnc     *string  `avro:"mnc"`
	Country *string  `avro:"country"`
}

type Consent struct {
	Version int `avro:"version"`
	Since   int `avro:"since"` // days since 1970-01-01
}

type Event struct {
	Type      string  `avro:"type"`
	Feature   *string `avro:"feature"`
	Cause     *string `avro:"cause"`
	Component *string `avro:"component"`
	Fatal     *bool   `avro:"fatal"`
	DurationS *int    `avro:"duration_s"`
	Length    *string `avro:"length"`
	Times     int     `avro:"times"` // at least 1; what Go leaves at 0 is refused
}

type Loss struct {
	Reason string `avro:"reason"`
	Count  int    `avro:"count"`
}

// Always the same: the marker of a single object, and the fingerprint of the schema.
var header = []byte{0xc3, 0x01, 0x05, 0x09, 0xd7, 0x84, 0x9d, 0xa6, 0xf5, 0x4d}

// Encoder writes uploads.
type Encoder struct{ schema avro.Schema }

// NewEncoder reads the schema, such as schemas/avro/raw_batch.avsc.
func NewEncoder(file string) (*Encoder, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	schema, err := avro.Parse(string(text))
	return &Encoder{schema}, err
}

// Encode gives the value of a record; its key is batch.Device.ID.
func (e *Encoder) Encode(batch *Batch) ([]byte, error) {
	body, err := avro.Marshal(e.schema, batch)
	if err != nil {
		return nil, err
	}
	return append(header[:len(header):len(header)], body...), nil
}

// Example is an upload of a new device.
func Example() *Batch {
	mcc, mnc, feature := "244", "05", "route.bicycle"
	seconds, first, stream := 340, int64(0), [8]byte{}
	agreed := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	batch := &Batch{
		Device:        Device{Brand: "Nokia", Model: "TA-1053", Mcc: &mcc, Mnc: &mnc},
		App:           "maps",
		Release:       "4.2",
		Consent:       &Consent{Version: 2, Since: int(agreed.Unix() / 86400)},
		Stream:        &stream,
		FirstSequence: &first,
		Events: []Event{
			{Type: "started", Times: 1},
			{Type: "feature_used", Feature: &feature, Times: 2},
			{Type: "stopped", DurationS: &seconds, Times: 1},
		},
	}
	rand.Read(batch.Device.ID[:])
	rand.Read(stream[:])
	return batch
}
