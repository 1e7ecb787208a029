package wire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what was got into testdata")

const wantLine = "-- want --\n"

// A golden file has lines "key: value" (others are remarks), a line "-- want --" and the result. Names may have Go's
// escapes, bytes are hexadecimal.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatalf("got %d golden files (error %v), want at least 40", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			content := strings.ReplaceAll(string(raw), "\r\n", "\n")
			given, want, ok := strings.Cut(content, wantLine)
			if !ok {
				t.Fatalf("no line %q", wantLine)
			}
			got := runGolden(t, parseGolden(given))
			if *update {
				if err := os.WriteFile(file, []byte(given+wantLine+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func parseGolden(given string) map[string]string {
	c := map[string]string{}
	for line := range strings.Lines(given) {
		line = strings.TrimSuffix(line, "\n")
		key, value, ok := strings.Cut(line, ":")
		if ok && !strings.Contains(key, " ") {
			c[key] = strings.TrimPrefix(value, " ")
		}
	}
	return c
}

func runGolden(t *testing.T, c map[string]string) string {
	s, err := Negotiate(c["vsn"], true)
	if err != nil {
		t.Fatal(err)
	}
	p := Payload{Data: []byte(c["json"])}
	if data, ok := c["binary"]; ok {
		p = Payload{Data: fromHex(t, data), Binary: true}
	}
	joinRef, ref := RefFromBytes([]byte(c["join_ref"])), RefFromBytes([]byte(c["ref"]))
	topic, event, status := unescapeName(t, c["topic"]), unescapeName(t, c["event"]), c["status"]

	op, data := frame.Text, []byte(c["text"])
	if f, ok := c["frame"]; ok {
		op, data = frame.Binary, fromHex(t, f)
	}
	dst := []byte("before")
	switch c["do"] {
	case "decode":
		return decoded(s, op, data)
	case "heartbeat":
		var in Inbound
		if err := s.Decode(op, data, &in); err != nil || !IsHeartbeat(&in) {
			t.Fatalf("got %+v, %v, want a heartbeat", in, err)
		}
		dst, op, err = AppendHeartbeat(dst, s, &in)
	case "reply":
		dst, op, err = s.AppendReply(dst, joinRef, ref, topic, status, p)
	case "push":
		dst, op, err = s.AppendPush(dst, joinRef, topic, event, p)
	case "broadcast":
		dst, op, err = s.AppendBroadcast(dst, topic, event, p)
	case "close":
		dst, op, err = s.AppendClose(dst, joinRef, topic)
	case "error":
		dst, op, err = s.AppendError(dst, joinRef, topic, c["reason"])
	default:
		t.Fatalf("cannot do %q", c["do"])
	}
	dst, ok := bytes.CutPrefix(dst, []byte("before"))
	if !ok {
		t.Fatalf("got %q, want what was there to stay", dst)
	}
	switch {
	case err != nil:
		if len(dst) > 0 {
			t.Errorf("got %q appended beside an error", dst)
		}
		return "error " + err.Error() + "\n"
	case op == frame.Text:
		return fmt.Sprintf("text %s\n", dst)
	}
	return strings.TrimSpace(fmt.Sprintf("binary % x", dst)) + "\n"
}

// decoded describes the outcome of decoding.
func decoded(s Serializer, op frame.Opcode, data []byte) string {
	var in Inbound
	if err := s.Decode(op, data, &in); err != nil {
		return "error " + err.Error() + "\n"
	}
	payload := fmt.Sprintf("json %s", in.Payload)
	if in.Binary {
		payload = strings.TrimSpace(fmt.Sprintf("binary % x", in.Payload))
	}
	topic := strings.ReplaceAll(string(in.Topic), "\n", `\n`)
	return fmt.Sprintf("join_ref %s\nref %s\ntopic %s\nevent %s\n%s\n",
		RefFromBytes(in.JoinRef).appendJSON(nil), RefFromBytes(in.Ref).appendJSON(nil), topic, in.Event, payload)
}

func fromHex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unescapeName turns \n, \t and \x01 into what they mean; other backslashes and quotes stand for themselves.
func unescapeName(t *testing.T, s string) string {
	for _, escape := range []string{`\n`, `\t`, `\x01`} {
		c, err := strconv.Unquote(`"` + escape + `"`)
		if err != nil {
			t.Fatal(err)
		}
		s = strings.ReplaceAll(s, escape, c)
	}
	return s
}
