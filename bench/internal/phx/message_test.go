package phx

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"join", `["1","1","room:a","phx_join",{}]`, `"1" "1" "room:a" "phx_join" {}`},
		{"heartbeat", `[null,"0","phoenix","heartbeat",{}]`, `null "0" "phoenix" "heartbeat" {}`},
		{"spaces", " [ null , 7,\t\"t\" , \"e\" , { \"a\" : [ 1 , 2 ] } ] ", `null 7 "t" "e" { "a" : [ 1 , 2 ] }`},
		{"brackets in strings", `["1","2","a]","e,",{"x":"}]\""}]`, `"1" "2" "a]" "e," {"x":"}]\""}`},
		{"scalar payload", `["1","2","t","e",12]`, `"1" "2" "t" "e" 12`},
		{"string payload", `["1","2","t","e","p"]`, `"1" "2" "t" "e" "p"`},
		{"further elements", `["1","2","t","e",{},"more",[]]`, `"1" "2" "t" "e" {}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{string(m.JoinRef), string(m.Ref), string(m.Topic), string(m.Event), string(m.Payload)}, " ")
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{}`, `[`, `[]`, `["1"]`, `["1","2","t","e"]`, `["1","2","t","e",]`, `["1","2","t","e",{}`, `["1","2","t","e",{]`,
		`["1","2","t","e","p]`, `["1" "2","t","e",{}]`, `["1","2",null,"e",{}]`, `["1","2","t",5,{}]`, `["1","2","t","e\`, `["1",,"t","e",{}]`,
	} {
		if m, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: got %q, want an error", text, m)
		}
	}
}

func TestAnswers(t *testing.T) {
	m, err := Parse([]byte(`["1","2","room:a","shout",{"n":1}]`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(AppendReply(nil, m, "ok", m.Payload)), `["1","2","room:a","phx_reply",{"status":"ok","response":{"n":1}}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := string(AppendBroadcast(nil, m)), `[null,null,"room:a","shout",{"n":1}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSpeaksV2(t *testing.T) {
	for query, want := range map[string]bool{
		"vsn=2.0.0": true, "token=x&vsn=2.0.1": true,
		"": false, "vsn=1.0.0": false, "vsn=2": false, "xvsn=2.0.0": false, "vsn=1.0.0&vsn=2.0.0": false,
	} {
		if got := SpeaksV2([]byte(query)); got != want {
			t.Errorf("%q: got %v, want %v", query, got, want)
		}
	}
}

func TestEchoAllocatesNothing(t *testing.T) {
	text := []byte(`["1","123","room:a","echo",{"pad":"` + strings.Repeat("x", 90) + `"}]`)
	out := make([]byte, 0, 512)
	// The race detector does not change this: nothing escapes.
	if n := testing.AllocsPerRun(100, func() {
		m, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		out = AppendReply(out[:0], m, "ok", m.Payload)
	}); n > 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func BenchmarkEcho(b *testing.B) {
	text := []byte(`["1","123","room:a","echo",{"pad":"` + strings.Repeat("x", 90) + `"}]`)
	out := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		m, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		out = AppendReply(out[:0], m, "ok", m.Payload)
	}
}

// Whatever encoding/json reads as a message is one here too, with the same
// tokens, and then the answers are JSON.
func FuzzParse(f *testing.F) {
	f.Add(`["1","1","room:a","phx_join",{}]`)
	f.Add(` [ null , 7 , "t\"" , "e" , { "a" : [ "}" ] } , 1 ] `)
	f.Add(`["1","2","t","e",{}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]byte(text))
		var want []json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil || len(want) < 5 || want[2][0] != '"' || want[3][0] != '"' {
			return // then only the absence of a panic counts
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for i, got := range [][]byte{m.JoinRef, m.Ref, m.Topic, m.Event, m.Payload} {
			if string(got) != string(want[i]) {
				t.Errorf("element %d: got %q, want %q", i, got, want[i])
			}
		}
		if reply := AppendReply(nil, m, "ok", m.Payload); !json.Valid(reply) {
			t.Errorf("reply %q is no JSON", reply)
		}
		if broadcast := AppendBroadcast(nil, m); !json.Valid(broadcast) {
			t.Errorf("broadcast %q is no JSON", broadcast)
		}
	})
}
