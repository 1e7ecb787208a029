package wire

import (
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

var (
	benchText   = []byte(`["12","13","room:lobby","message:new",{"body":"` + strings.Repeat("hello ", 12) + `"}]`)
	benchV1     = []byte(`{"topic":"room:lobby","event":"message:new","payload":{"body":"hello"},"ref":"13"}`)
	benchBinary = appendBinaryFromClient(nil, "12", "13", "room:lobby", "upload", []byte("some bytes"))
	benchEscape = []byte(`["\u0031","2000","room:\u00e9","message\/new",{}]`)
	benchBeat   = []byte(`[null,"4711","phoenix","heartbeat",{}]`)
	benchBody   = Payload{Data: []byte(`{"body":"` + strings.Repeat("hello ", 12) + `"}`)}
	benchBytes  = Payload{Data: []byte("some bytes"), Binary: true}
)

func TestAllocations(t *testing.T) {
	var in Inbound
	buf := make([]byte, 0, 1024)
	// The serializers are held as interfaces, as a connection holds them.
	var v1, v2 Serializer = V1{}, V2{}
	decode := func(s Serializer, op frame.Opcode, data []byte) func() {
		return func() {
			if err := s.Decode(op, data, &in); err != nil {
				t.Fatal(err)
			}
		}
	}
	beat := decode(v2, frame.Text, benchBeat)
	encoded := func(_ []byte, _ frame.Opcode, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, run := range map[string]func(){
		"decode V2":                decode(v2, frame.Text, benchText),
		"decode V2 with escapes":   decode(v2, frame.Text, benchEscape),
		"decode V2 binary":         decode(v2, frame.Binary, benchBinary),
		"decode V1":                decode(v1, frame.Text, benchV1),
		"keep a small ref":         func() { _ = RefFromBytes(benchText[1:5]) },
		"V2 reply":                 func() { encoded(v2.AppendReply(buf, `"12"`, `"13"`, "room:lobby", "ok", benchBody)) },
		"V2 push":                  func() { encoded(v2.AppendPush(buf, `"12"`, "room:lobby", "message:new", benchBody)) },
		"V2 broadcast":             func() { encoded(v2.AppendBroadcast(buf, "room:lobby", "message:new", benchBody)) },
		"V2 close":                 func() { encoded(v2.AppendClose(buf, `"12"`, "room:lobby")) },
		"V2 error":                 func() { encoded(v2.AppendError(buf, `"12"`, "room:lobby", "channel_crash")) },
		"V2 binary reply":          func() { encoded(v2.AppendReply(buf, `"12"`, `"13"`, "room:lobby", "ok", benchBytes)) },
		"V2 binary push":           func() { encoded(v2.AppendPush(buf, `"12"`, "room:lobby", "upload", benchBytes)) },
		"V2 binary broadcast":      func() { encoded(v2.AppendBroadcast(buf, "room:lobby", "upload", benchBytes)) },
		"V1 reply":                 func() { encoded(v1.AppendReply(buf, "", `"13"`, "room:lobby", "ok", benchBody)) },
		"V1 push":                  func() { encoded(v1.AppendPush(buf, "", "room:lobby", "message:new", benchBody)) },
		"negotiate":                func() { _, _ = Negotiate("2.0.0", true) },
		"heartbeat":                func() { beat(); encoded(AppendHeartbeat(buf, v2, &in)) },
		"a name that needs escape": func() { _ = AppendString(buf, "a\"b\\c\n\xffé") },
	} {
		run() // the Inbound's scratch memory is made once
		if got := testing.AllocsPerRun(100, run); got != 0 {
			t.Errorf("%s: got %v allocations, want 0", name, got)
		}
	}
	// A frame to be shared by any number of connections is one allocation: its bytes.
	share := func() {
		out, op, err := v2.AppendBroadcast(make([]byte, frame.MaxHeader, 256), "room:lobby", "message:new", benchBody)
		if err != nil || FrameFrom(out, frame.MaxHeader, op).IsZero() {
			t.Fatal(err)
		}
	}
	if got := testing.AllocsPerRun(100, share); got != 1 {
		t.Errorf("shared frame: got %v allocations, want 1", got)
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, c := range map[string]struct {
		s    Serializer
		op   frame.Opcode
		data []byte
	}{
		"v2":        {V2{}, frame.Text, benchText},
		"v2-escape": {V2{}, frame.Text, benchEscape},
		"v2-binary": {V2{}, frame.Binary, benchBinary},
		"v2-60KB":   {V2{}, frame.Text, []byte(`["1","2","t","e",{"a":"` + strings.Repeat("x", 60_000) + `"}]`)},
		"v1":        {V1{}, frame.Text, benchV1},
	} {
		b.Run(name, func(b *testing.B) {
			var in Inbound
			b.ReportAllocs()
			b.SetBytes(int64(len(c.data)))
			for b.Loop() {
				if err := c.s.Decode(c.op, c.data, &in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	buf := make([]byte, 0, 1024)
	for name, run := range map[string]func() error{
		"v2-reply": func() error {
			_, _, err := V2{}.AppendReply(buf, `"12"`, `"13"`, "room:lobby", "ok", benchBody)
			return err
		},
		"v2-broadcast": func() error {
			_, _, err := V2{}.AppendBroadcast(buf, "room:lobby", "message:new", benchBody)
			return err
		},
		"v2-binary": func() error {
			_, _, err := V2{}.AppendPush(buf, `"12"`, "room:lobby", "upload", benchBytes)
			return err
		},
		"v1-reply": func() error {
			_, _, err := V1{}.AppendReply(buf, "", `"13"`, "room:lobby", "ok", benchBody)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
