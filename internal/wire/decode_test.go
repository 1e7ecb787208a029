package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/google/go-cmp/cmp"
)

// Values at the edges of the JSON grammar. Each is put where a payload stands, and compared with encoding/json.
var values = []string{
	`null`, `true`, `false`, `nul`, `tru`, `falsey`, `nullx`, `None`, `undefined`, `NaN`, `Infinity`,
	`0`, `-0`, `1`, `-1`, `10`, `01`, `-01`, `00`, `1.0`, `1.`, `.5`, `-.5`, `-`, `+1`, `1e5`, `1E+5`, `1e-5`, `1e`, `1e+`, `1.5e3`, `0e0`, `1.e3`, `0x1`, `1_0`, `1a`,
	`""`, `"a"`, `"`, `"a`, `"\"`, `"\\"`, `"\"\\\/\b\f\n\r\t"`, `"\a"`, `"\x41"`, `"\u0041"`, `"\u004"`, `"\u00g1"`, `"\uD83D\uDE00"`, `"\ud83d"`, `"\udE00"`, `"\ud83d\ud83d"`, `"\u"`, `"\u12`,
	"\"\x00\"", "\"\x1f\"", "\"\x20\"", "\"\x7f\"", "\"a\nb\"", "\"a\tb\"", "\"\xff\"", "\"é\"", "\"\xc3\"", "\"12345678\x1f\"", "\"12345678\\u00e9\"", `"12345678"`, `'a'`,
	`[]`, `[ ]`, `[1]`, `[1,2]`, `[1,]`, `[,1]`, `[,]`, `[1 2]`, `[`, `]`, `[1`, `[1,`, `[[]]`, `[[],[]]`, `[}`, `[1}`,
	`{}`, `{ }`, `{"a":1}`, `{"a":1,"b":2}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{a:1}`, `{1:1}`, `{"a":1 "b":2}`, `{`, `}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":{}}`, `{"a":[{"b":[]}]}`, `{]`, `{"a":1]`, `{"a":1,"a":2}`, `[{"a":1},[1,2]]`, `{"a":[{"b":1},[2],{"c":3}]}`, `[[1],{"a":1,"b":2}]`, `[[1],{1,2}]`, `[{"a":1},["b":2]]`,
	` 1 `, "\t1\n", "\r1", "\v1", "\f1", "\u00a01", `1//x`, `1/**/`, "\ufeff1", "", " ",
}

func TestDecodeAgainstStandardLibrary(t *testing.T) {
	for _, v := range values {
		var name = strings.ToValidUTF8(v, "?")
		for _, c := range []struct {
			form      string
			s         Serializer
			data      string
			reference func([]byte) (plain, error)
		}{
			{"payload of an array", V2{}, `["1","2","t","e",` + v + `]`, referenceV2},
			{"ref of an array", V2{}, `["1",` + v + `,"t","e",{}]`, referenceV2},
			{"topic of an array", V2{}, `["1","2",` + v + `,"e",{}]`, referenceV2},
			{"sixth of an array", V2{}, `["1","2","t","e",{},` + v + `]`, referenceV2},
			{"instead of an array", V2{}, v, referenceV2},
			{"after an array", V2{}, `["1","2","t","e",{}]` + v, referenceV2},
			{"payload of an object", V1{}, `{"topic":"t","event":"e","ref":"1","payload":` + v + `}`, referenceV1},
			{"ref of an object", V1{}, `{"topic":"t","event":"e","ref":` + v + `,"payload":{}}`, referenceV1},
			{"event of an object", V1{}, `{"topic":"t","event":` + v + `,"ref":"1","payload":{}}`, referenceV1},
			{"other of an object", V1{}, `{"topic":"t","event":"e","ref":"1","payload":{},"x":` + v + `}`, referenceV1},
			{"key of an object", V1{}, `{"topic":"t","event":"e","ref":"1","payload":{},` + v + `:1}`, referenceV1},
			{"instead of an object", V1{}, v, referenceV1},
			{"after an object", V1{}, `{"topic":"t","event":"e","ref":"1","payload":{}}` + v, referenceV1},
		} {
			compare(t, c.form+": "+name, c.s, frame.Text, []byte(c.data), c.reference)
		}
	}
}

// compare checks that a serializer and its oracle agree on data.
func compare(t *testing.T, name string, s Serializer, op frame.Opcode, data []byte, reference func([]byte) (plain, error)) {
	t.Helper()
	var in Inbound
	before := string(data)
	err := s.Decode(op, data, &in)
	want, refused := reference(data)
	if string(data) != before {
		t.Fatalf("%s: decoding changed its input", name)
	}
	if err != nil {
		var bad *DecodeError
		if !errors.As(err, &bad) || bad.Offset < 0 || bad.Offset > len(data) || bad.Reason == "" {
			t.Errorf("%s: got error %#v, want a DecodeError within %d bytes", name, err, len(data))
		}
		if refused == nil {
			t.Errorf("%s: got %v for %q, want %+v", name, err, data, want)
		}
		return
	}
	if refused != nil {
		t.Errorf("%s: got %+v for %q, want a refusal", name, plainOf(&in), data)
		return
	}
	if !want.JoinRef.Is(in.JoinRef) || !want.Ref.Is(in.Ref) {
		t.Errorf("%s: got refs %s and %s for %q, want %s and %s as they are", name, in.JoinRef, in.Ref, data, want.JoinRef, want.Ref)
	}
	if diff := cmp.Diff(want, plainOf(&in)); diff != "" {
		t.Errorf("%s: %q (-want +got):\n%s", name, data, diff)
	}
	if !in.Binary && !json.Valid(in.Payload) {
		t.Errorf("%s: got payload %q, which is not JSON", name, in.Payload)
	}
}

func TestDecodeV1RepeatedKeys(t *testing.T) {
	for _, data := range []string{
		`{"topic":1,"topic":"t","event":"e","ref":"1","payload":1,"payload":{"last":1}}`,
		`{"topic":"t","topic":1,"event":"e","ref":"1","payload":{}}`,
		`{"t\u006fpic":"escaped","event":"e","ref":"1","payload":{}}`,
		`{"Topic":"t","event":"e","ref":"1","payload":{}}`,
		`{"topic":"t","event":"e","ref":"1","payload":{},"join_ref":true}`,
		`{"topic":"t","event":"e","ref":"1","payload":{},"join_ref":7,"":0}`,
	} {
		compare(t, data, V1{}, frame.Text, []byte(data), referenceV1)
	}
}

// Whatever the opcode, V1 reads JSON.
func TestDecodeV1IgnoresOpcode(t *testing.T) {
	var in Inbound
	data := []byte(`{"topic":"t","event":"e","ref":"1","payload":{}}`)
	if err := (V1{}).Decode(frame.Binary, data, &in); err != nil || in.Binary {
		t.Errorf("got %+v, %v, want a JSON message", in, err)
	}
}

func TestDecodeLimits(t *testing.T) {
	nest := func(n int, open, end string) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	for _, c := range []struct {
		name string
		data string
		bad  string
	}{
		{"arrays as deep as allowed", `["1","2","t","e",` + nest(MaxDepth-1, "[", "]") + `]`, ""},
		{"arrays too deep", `["1","2","t","e",` + nest(MaxDepth, "[", "]") + `]`, "JSON nests too deep"},
		{"objects as deep as allowed", `["1","2","t","e",` + nest(MaxDepth-2, `{"a":`, "}")[:5*(MaxDepth-2)] + "{}" + strings.Repeat("}", MaxDepth-2) + `]`, ""},
		{"many beside each other", `["1","2","t","e",[` + strings.Repeat("[],", 2*MaxDepth) + `[]]]`, ""},
		{"a million brackets", `["1","2","t","e",` + strings.Repeat("[", 1_000_000), "JSON nests too deep"},
		{"longest ref", `[` + long(MaxRef-2) + `,"2","t","e",{}]`, ""},
		{"ref too long", `[` + long(MaxRef-1) + `,"2","t","e",{}]`, "join_ref is too long"},
		{"number too long", `["1",` + strings.Repeat("9", MaxRef+1) + `,"t","e",{}]`, "ref is too long"},
		{"escaped ref within bounds", `["` + strings.Repeat(`\u0061`, MaxRef-2) + `","2","t","e",{}]`, ""},
		{"escaped ref too long", `["` + strings.Repeat(`\u0061`, MaxRef) + `","2","t","e",{}]`, "join_ref is too long"},
		{"longest topic", `["1","2",` + long(MaxName) + `,"e",{}]`, ""},
		{"topic too long", `["1","2",` + long(MaxName+1) + `,"e",{}]`, "topic is too long"},
		{"escaped topic within bounds", `["1","2","` + strings.Repeat(`\u0061`, MaxName) + `","e",{}]`, ""},
		{"escaped topic and event within bounds", `["1","2","` + strings.Repeat(`\u0061`, MaxName) + `","` + strings.Repeat(`\u0061`, MaxName) + `",{}]`, ""},
		{"event too long", `["1","2","t",` + long(MaxName+1) + `,{}]`, "event is too long"},
		{"escaped event far too long", `["1","2","t","` + strings.Repeat(`\u0061`, 7*MaxName) + `",{}]`, "event is too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in Inbound
			err := V2{}.Decode(frame.Text, []byte(c.data), &in)
			bad := ""
			if e, ok := errors.AsType[*DecodeError](err); ok {
				bad = e.Reason
			}
			if bad != c.bad {
				t.Errorf("got %q, want %q", bad, c.bad)
			}
			// What an odd message needed is not kept for ever.
			if err := (V2{}).Decode(frame.Text, []byte(`[null,null,"t","e",{}]`), &in); err != nil || cap(in.scratch) > keptScratch {
				t.Errorf("got %d bytes of scratch kept (error %v), want at most %d", cap(in.scratch), err, keptScratch)
			}
		})
	}
}

// An Inbound shows nothing of the message before.
func TestInboundIsReset(t *testing.T) {
	var in Inbound
	if err := (V2{}).Decode(frame.Binary, appendBinaryFromClient(nil, "1", "2", "t", "e", []byte("x")), &in); err != nil {
		t.Fatal(err)
	}
	if err := (V1{}).Decode(frame.Text, []byte(`{"topic":"u","event":"f","payload":1,"ref":null}`), &in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain{Topic: "u", Event: "f", Payload: "1"}, plainOf(&in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Views do not let one field grow into the next.
func TestInboundViewsAreClipped(t *testing.T) {
	for op, data := range map[frame.Opcode][]byte{
		frame.Text:   []byte(`["\u0031","2","t","\u0065",{}]`),
		frame.Binary: append(make([]byte, 0, 100), appendBinaryFromClient(nil, "1", "2", "t", "e", []byte("x"))...),
	} {
		var in Inbound
		if err := (V2{}).Decode(op, data, &in); err != nil {
			t.Fatal(err)
		}
		for name, view := range map[string][]byte{"join_ref": in.JoinRef, "ref": in.Ref, "topic": in.Topic, "event": in.Event, "payload": in.Payload} {
			if cap(view) != len(view) {
				t.Errorf("%v, %s: got capacity %d for %d bytes", op, name, cap(view), len(view))
			}
		}
	}
}

func TestIsHeartbeat(t *testing.T) {
	for data, want := range map[string]bool{
		`[null,"1","phoenix","heartbeat",{}]`: true,
		`["3",1,"phoenix","heartbeat",null]`:  true,
		`[null,"1","phoenix","other",{}]`:     false,
		`[null,"1","phoenix2","heartbeat",1]`: false,
		`[null,"1","room:1","heartbeat",{}]`:  false,
	} {
		var in Inbound
		if err := (V2{}).Decode(frame.Text, []byte(data), &in); err != nil {
			t.Fatal(err)
		}
		if got := IsHeartbeat(&in); got != want {
			t.Errorf("%s: got %v, want %v", data, got, want)
		}
	}
}

func ExampleDecodeError() {
	var in Inbound
	fmt.Println(V2{}.Decode(frame.Text, []byte(`["1","2","room:lobby"]`), &in))
	// Output:
	// wire: message does not decode at byte 21: array has fewer than the five elements [join_ref, ref, topic, event, payload]
}
