// Prints the fingerprint of a schema as it stands in a record's header, by hamba/avro and by goavro:
// fingerprint SCHEMA_FILE.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"

	"github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/soe"
	"github.com/linkedin/goavro/v2"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: fingerprint SCHEMA")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	schema, err := avro.Parse(string(text))
	if err != nil {
		log.Fatal(err)
	}
	hamba, err := soe.ComputeFingerprint(schema)
	if err != nil {
		log.Fatal(err)
	}
	codec, err := goavro.NewCodec(string(text))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("hamba %x\n", hamba)
	fmt.Printf("goavro %x\n", binary.LittleEndian.AppendUint64(nil, codec.Rabin))
}
