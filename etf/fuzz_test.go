package etf

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"
)

// Whatever decodes has a normal form: it encodes, the encoding decodes to the same term, and encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	for _, v := range vectors {
		b, err := hex.DecodeString(v.hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(compressed(f, 2, []byte{tagSmallInteger, 1}))
	f.Add(nested(defaultDepth))
	f.Add([]byte("\x83l\x00\x00\x00\x01a\x01l\x00\x00\x00\x01a\x02a\x03"))
	f.Fuzz(func(t *testing.T, data []byte) {
		term, err := Limits{Size: 1 << 16}.Decode(data)
		if err != nil {
			if _, ok := err.(*SyntaxError); !ok {
				t.Fatalf("error is a %T", err)
			}
			return
		}
		normal, err := Marshal(term)
		if err != nil {
			t.Fatalf("Marshal(%#v): %v", term, err)
		}
		again, err := Decode(normal)
		if err != nil {
			t.Fatalf("Decode(%x): %v", normal, err)
		}
		if !reflect.DeepEqual(term, again) { // cmp.Diff takes exponential time on deep nesting
			t.Fatalf("not the same term: %#v, %#v", term, again)
		}
		twice, err := Marshal(again)
		if err != nil || !bytes.Equal(normal, twice) {
			t.Fatalf("not the same bytes: %x, %x, %v", normal, twice, err)
		}
		var into struct {
			A map[any]any
			B []string
			C *float32
		}
		_ = Assign(&into, term)
	})
}
