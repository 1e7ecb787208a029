package orset

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// Replica names one run of one node. Two runs of a node share the name and
// differ in Vsn, so that rows of the earlier run can be told from the later's.
type Replica struct {
	Name string
	Vsn  uint64
}

// NewReplica returns a Replica with a random Vsn. Time takes no part: a clock
// that steps back must not bring an old version up again.
func NewReplica(name string) Replica {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return Replica{Name: name, Vsn: binary.LittleEndian.Uint64(b[:])}
}

// Compare orders replicas by name, then version.
func (r Replica) Compare(o Replica) int {
	if c := cmp.Compare(r.Name, o.Name); c != 0 {
		return c
	}
	return cmp.Compare(r.Vsn, o.Vsn)
}

// String returns the name and the version, for logs.
func (r Replica) String() string {
	return fmt.Sprintf("%s#%x", r.Name, r.Vsn)
}

// Tag is a dot: the event number Clock of a replica.
type Tag struct {
	Replica Replica
	Clock   uint64
}

// Row is one tracked presence. Process is unique on its replica only. Meta
// belongs to the user of the package, which must not change what it points to.
type Row[M any] struct {
	Topic   string
	Process uint64
	Key     string
	Meta    M
	Tag     Tag
}
