package presence

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"sync/atomic"
	"time"
)

const refLen = 16 // of 12 bytes in base64

// refs makes phx_refs: 64 bits of time, made to grow with each ref whatever the clock does, and 32 random bits for this run of
// this node. Clients tell metas apart by them, so none is ever used twice.
type refs struct {
	run  [4]byte
	last atomic.Int64
}

func newRefs() *refs {
	r := &refs{}
	rand.Read(r.run[:]) // never fails: crypto/rand ends the program instead
	return r
}

func (r *refs) next() string {
	var b [12]byte
	for {
		last := r.last.Load()
		next := max(last+1, time.Now().UnixNano())
		if r.last.CompareAndSwap(last, next) {
			binary.BigEndian.PutUint64(b[:], uint64(next))
			break
		}
	}
	copy(b[8:], r.run[:])
	return base64.URLEncoding.EncodeToString(b[:])
}
