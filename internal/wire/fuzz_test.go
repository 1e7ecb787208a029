package wire

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

// seed adds what the golden files decode, and the values of the grammar table in the place of %.
func seed(f *testing.F, key, before, after string) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if data, ok := parseGolden(string(raw))[key]; ok {
			f.Add([]byte(data))
		}
	}
	for _, v := range values {
		f.Add([]byte(before + v + after))
	}
}

func FuzzDecodeV1(f *testing.F) {
	seed(f, "text", `{"topic":"t","event":"e","ref":"1","payload":`, `}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, "V1", V1{}, frame.Text, data, referenceV1)
	})
}

func FuzzDecodeV2Text(f *testing.F) {
	seed(f, "text", `["1","2","t","e",`, `]`)
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, "V2", V2{}, frame.Text, data, referenceV2)
	})
}

func FuzzDecodeV2Binary(f *testing.F) {
	f.Add(appendBinaryFromClient(nil, "12", "3", "t:1", "up", []byte{1, 2}))
	f.Add(appendBinaryFromClient(nil, "", "", "", "", nil))
	f.Add(appendBinaryFromClient(nil, "\"\\\n", "é", "\xff", "e", nil))
	f.Add([]byte{0, 255, 255, 255, 255, 1})
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Add([]byte{0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, "V2 binary", V2{}, frame.Binary, data, referenceBinary)
	})
}

// FuzzEncodeV2 encodes anything and reads it back as a client does.
func FuzzEncodeV2(f *testing.F) {
	f.Add(`"1"`, "room:lobby", "e", []byte(`{"a":1}`), false)
	f.Add("\xff\"\\", "\x00", "é", []byte{0, 1}, true)
	f.Fuzz(func(t *testing.T, ref, topic, event string, payload []byte, binary bool) {
		p := Payload{payload, binary}
		if !binary {
			p.Data = append(AppendString([]byte(`{"k":`), string(payload)), '}')
		}
		r := StringRef(ref)
		if len(r) > MaxRef || len(topic) > MaxName || len(event) > MaxName {
			return // more than a decoder takes
		}
		out, op, err := V2{}.AppendPush(nil, r, topic, event, p)
		if err != nil {
			if !binary || max(len(r), len(topic), len(event)) <= MaxField {
				t.Fatal(err)
			}
			return
		}
		got, err := clientDecode(op, out)
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		want := plain{JoinRef: r, Topic: topic, Event: event, Payload: string(p.Data), Binary: binary}
		if binary {
			want.JoinRef = textRef(string(r.appendText(nil)))
		} else {
			want.Topic, want.Event = wellFormed(topic), wellFormed(event)
			if len(want.Topic) > MaxName || len(want.Event) > MaxName {
				return
			}
		}
		if got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// wellFormed replaces each byte that is not UTF-8.
func wellFormed(s string) string { return string([]rune(s)) }
