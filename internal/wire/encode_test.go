package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/google/go-cmp/cmp"
)

var (
	testRefs  = []Ref{"", `""`, `"1"`, `1`, `"a\"b\\cé\u0001"`, Ref(`"` + strings.Repeat("9", MaxField) + `"`)}
	testNames = []string{"", "t", "room:lobby", "a\"b\\c\n\x01é😀<>&\u2028", strings.Repeat("x", MaxField)}
	testJSON  = []string{`{}`, ` { "a" : 1 } `, `{"body":"hé\"llo"}`}
)

// What the server writes, a client reads.
func TestEncodeDecodeV2(t *testing.T) {
	check := func(want plain, out []byte, op frame.Opcode, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		got, err := clientDecode(op, out)
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", out, diff)
		}
	}
	var s V2
	for _, joinRef := range testRefs {
		inBinary := textRef(string(joinRef.appendText(nil)))
		for _, ref := range testRefs {
			for _, name := range testNames {
				for _, body := range testJSON {
					p := Payload{Data: []byte(body)}
					trimmed := strings.TrimSpace(body)

					out, op, err := s.AppendReply(nil, joinRef, ref, name, "ok", p)
					response := `{"status":"ok","response":` + body + `}`
					check(plain{JoinRef: joinRef, Ref: ref, Topic: name, Event: EventReply, Payload: response}, out, op, err)

					out, op, err = s.AppendPush(nil, joinRef, "t", name, p)
					check(plain{JoinRef: joinRef, Topic: "t", Event: name, Payload: trimmed}, out, op, err)

					out, op, err = s.AppendBroadcast(nil, name, "e", p)
					check(plain{Topic: name, Event: "e", Payload: trimmed}, out, op, err)

					p.Binary = true
					out, op, err = s.AppendReply(nil, joinRef, ref, name, "no", p)
					check(plain{JoinRef: inBinary, Ref: textRef(string(ref.appendText(nil))), Topic: name, Status: "no", Payload: body, Binary: true, Kind: 1}, out, op, err)

					out, op, err = s.AppendPush(nil, joinRef, "t", name, p)
					check(plain{JoinRef: inBinary, Topic: "t", Event: name, Payload: body, Binary: true}, out, op, err)

					out, op, err = s.AppendBroadcast(nil, name, "e", p)
					check(plain{Topic: name, Event: "e", Payload: body, Binary: true, Kind: 2}, out, op, err)
				}
			}
		}
	}
}

func TestEncodeDecodeV1(t *testing.T) {
	var s V1
	for _, ref := range testRefs {
		for _, name := range testNames {
			for _, body := range append([]string{`[1]`, `null`}, testJSON...) {
				out, _, err := s.AppendReply(nil, `"ignored"`, ref, name, "ok", Payload{Data: []byte(body)})
				if err != nil {
					t.Fatal(err)
				}
				var in Inbound
				if err := s.Decode(frame.Text, out, &in); err != nil {
					t.Fatalf("%q: %v", out, err)
				}
				want := plain{Ref: ref, Topic: name, Event: EventReply, Payload: `{"status":"ok","response":` + body + `}`}
				if diff := cmp.Diff(want, plainOf(&in)); diff != "" {
					t.Fatalf("%q (-want +got):\n%s", out, diff)
				}
			}
		}
	}
}

func TestEncodeFieldsTooLong(t *testing.T) {
	long := strings.Repeat("x", MaxField+1)
	longRef, p := StringRef(long), Payload{Data: []byte("b"), Binary: true}
	var s V2
	for name, run := range map[string]func(dst []byte) ([]byte, frame.Opcode, error){
		"push join_ref":   func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendPush(dst, longRef, "t", "e", p) },
		"push topic":      func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendPush(dst, "", long, "e", p) },
		"push event":      func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendPush(dst, "", "t", long, p) },
		"reply join_ref":  func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendReply(dst, longRef, "", "t", "ok", p) },
		"reply ref":       func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendReply(dst, "", longRef, "t", "ok", p) },
		"reply topic":     func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendReply(dst, "", "", long, "ok", p) },
		"reply status":    func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendReply(dst, "", "", "t", long, p) },
		"broadcast topic": func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendBroadcast(dst, long, "e", p) },
		"broadcast event": func(dst []byte) ([]byte, frame.Opcode, error) { return s.AppendBroadcast(dst, "t", long, p) },
	} {
		out, _, err := run([]byte("kept"))
		_, field, _ := strings.Cut(name, " ")
		if !errors.Is(err, ErrFieldLength) || !strings.Contains(err.Error(), field+" of 256 bytes") || string(out) != "kept" {
			t.Errorf("%s: got %q, %v, want an error that names the field", name, out, err)
		}
	}
}

func TestEncodeEmptyPayloads(t *testing.T) {
	for _, data := range [][]byte{nil, {}, []byte(" \n\t")} {
		for _, s := range []Serializer{V1{}, V2{}} {
			for name, run := range map[string]func() ([]byte, frame.Opcode, error){
				"push":      func() ([]byte, frame.Opcode, error) { return s.AppendPush(nil, "", "t", "e", Payload{Data: data}) },
				"broadcast": func() ([]byte, frame.Opcode, error) { return s.AppendBroadcast(nil, "t", "e", Payload{Data: data}) },
				"reply": func() ([]byte, frame.Opcode, error) {
					return s.AppendReply(nil, "", "", "t", "ok", Payload{Data: data})
				},
			} {
				out, _, err := run()
				if err != nil || !json.Valid(out) || !strings.Contains(string(out), "{}") {
					t.Errorf("%s of %q with vsn %s: got %s, %v, want {} for the payload", name, data, s.Vsn(), out, err)
				}
			}
		}
	}
}

func TestSerializerIdentity(t *testing.T) {
	for i, s := range []Serializer{V1{}, V2{}} {
		if s.Index() != i {
			t.Errorf("vsn %s: got index %d, want %d", s.Vsn(), s.Index(), i)
		}
	}
}
