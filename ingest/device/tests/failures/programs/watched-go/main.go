// A host in Go, which turns faults of its own code into panics that may be recovered.
package main

// #cgo LDFLAGS: -lwatched
// #include <stdint.h>
// #include <stdlib.h>
// void watched_begin(const char *folder);
// void watched_stop(void);
// uint64_t watched_dealt_with_by_others(void);
// void watched_fault(void);
import "C"

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

type thing struct{ value int }

var (
	nobody *thing
	sink   int
	caught atomic.Int64
)

func null() {
	defer func() {
		if recover() != nil {
			caught.Add(1)
		}
	}()
	sink += nobody.value
}

func main() {
	folder := C.CString(os.Args[1])
	C.watched_begin(folder)
	C.free(unsafe.Pointer(folder))
	var all sync.WaitGroup
	for thread := 0; thread < 4; thread++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < 1000; round++ {
				null()
			}
		}()
	}
	all.Wait()
	fmt.Println("caught", caught.Load(), "dealt", uint64(C.watched_dealt_with_by_others()))
	fmt.Println("ready")
	switch os.Args[2] {
	case "stops":
		C.watched_stop()
	case "exits":
		os.Exit(0)
	case "faults":
		C.watched_fault()
	case "panics":
		sink += nobody.value
	default:
		os.Stdin.Read(make([]byte, 1))
	}
}
