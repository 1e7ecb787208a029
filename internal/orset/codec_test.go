package orset

import (
	"encoding/hex"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
)

var stringCodec = Codec[string]{
	AppendMeta: func(dst []byte, meta string) ([]byte, error) { return append(dst, meta...), nil },
	ReadMeta:   func(src []byte) (string, error) { return string(src), nil },
}

// samples are messages of every kind and shape.
func samples() map[string]Message[string] {
	a, b := Replica{"a@host", 0x0102030405060708}, Replica{"b", 2}
	s := New[string](a)
	s.ReplicaUp(b)
	for p := range uint64(5) {
		s.Join("room:1", p, "user", "{}")
		s.Join("room:2", p*1000, "ünïcode\x00", "")
	}
	s.ResetDelta()
	s.Leave("room:1", 0, "user")
	s.Leave("room:2", 2000, "ünïcode\x00")
	s.Update("room:1", 4, "user", strings.Repeat("m", 300))
	s.Join("", math.MaxUint64, "", "")
	delta := s.Delta()
	other := New[string](b)
	other.Join("room:1", 1, "user", "of b")
	both, _ := delta.Merge(other.Delta())
	full := s.Extract(b, Context{a: 0, b: 0})
	return map[string]Message[string]{
		"heartbeat without news": {Kind: Heartbeat, From: a, Context: Context{a: 3, b: 1 << 40}},
		"heartbeat":              {Kind: Heartbeat, From: a, Context: s.Clocks().Context, Delta: &delta},
		"request":                {Kind: Request, From: b, ID: 77, Context: Context{a: 0, b: 9}},
		"answer":                 {Kind: Answer, From: a, ID: 77, Delta: &both},
		"full state":             {Kind: Answer, From: a, ID: math.MaxUint64, Delta: &full},
		"nothing to answer":      {Kind: Answer, From: a, Delta: &Delta[string]{}},
		"farewell":               {Kind: Farewell, From: a},
	}
}

func TestCodecRoundTrip(t *testing.T) {
	for name, m := range samples() {
		b, err := stringCodec.Append([]byte("before"), &m)
		if err != nil || string(b[:6]) != "before" {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := stringCodec.Decode(b[6:])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want(t, name, got, m)
		again, _ := stringCodec.Append(nil, &got)
		want(t, name+" again", again, b[6:])
	}
}

// The bytes are a contract between nodes of one release and the next.
func TestCodecGolden(t *testing.T) {
	s := New[string](Replica{"a", 1})
	s.Join("t", 5, "k", "m")
	s.Join("t", 6, "k", "n")
	s.ResetDelta()
	s.Leave("t", 5, "k")
	s.Join("t", 7, "k", "o")
	d := s.Delta()
	b, err := stringCodec.Append(nil, &Message[string]{Kind: Heartbeat, From: Replica{"a", 1}, Context: s.Clocks().Context, Delta: &d})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "bytes", hex.EncodeToString(b), ""+
		"01"+"01"+"00"+ // version, heartbeat, no id
		"01"+"0161"+"0100000000000000"+ // one replica: a, 1
		"01"+"0004"+ // one entry: replica 0 at 4
		"01"+ // a delta
		"01"+"0174"+ // one topic: t
		"01"+"00"+"02"+"02"+ // one part: replica 0 from 2 by 2
		"02"+"0100"+"0201"+ // seen 1-1 and 3-4
		"01"+"04"+"00"+"07"+"016b"+"016f") // one row: dot 4, topic 0, process 7, k, o
}

func TestCodecTruncated(t *testing.T) {
	for name, m := range samples() {
		b, _ := stringCodec.Append(nil, &m)
		for n := range b {
			if _, err := stringCodec.Decode(b[:n:n]); !errors.Is(err, ErrMalformed) {
				t.Fatalf("%s: %d of %d bytes: got %v", name, n, len(b), err)
			}
		}
		if _, err := stringCodec.Decode(append(b, 0)); !errors.Is(err, ErrMalformed) {
			t.Fatalf("%s with a byte more: got %v", name, err)
		}
	}
}

func TestCodecRefuses(t *testing.T) {
	const head = "01" + "01" + "00" + "01" + "0161" + "0100000000000000" + "00"
	const part = head + "01" + "010174" + "01" + "00"
	for name, c := range map[string]struct{ bytes, says string }{
		"another format":           {"02" + head[2:] + "00", "format 2, this node reads 1"},
		"an unknown kind":          {"0109", "unknown kind 9"},
		"no sender":                {"01010000", "no sender"},
		"a replica that is none":   {"0101000101610100000000000000010500", "number 5 of 1"},
		"a replica twice":          {"0101000101610100000000000000" + "02" + "0001" + "0001" + "00", "twice"},
		"more than fits":           {head + "01" + "ffffffff0f", "does not fit"},
		"a number without end":     {"0101ffffffffffffffffffff", "not a number"},
		"an unknown announcement":  {head + "03", "3 where a delta"},
		"a dot past the last":      {part + "01" + "ffffffffffffffff7f" + "00" + "00", "no dot follows"},
		"a range it has not seen":  {part + "00" + "02" + "01" + "0100" + "00", "not all seen"},
		"spans that touch":         {part + "00" + "00" + "02" + "0100" + "0100" + "00", "touch"},
		"a span from nothing":      {part + "00" + "00" + "01" + "0000" + "00", "no dot follows"},
		"a row that was not seen":  {part + "00" + "01" + "01" + "0100" + "01" + "02" + "00" + "00" + "00" + "00", "not seen"},
		"a row twice":              {part + "00" + "01" + "01" + "0100" + "02" + "0100000000" + "0000000000", "no dot follows"},
		"a topic that is none":     {part + "00" + "01" + "01" + "0100" + "01" + "01" + "09" + "00" + "00" + "00", "number 9 of 1"},
		"parts of one replica":     {head + "01" + "00" + "02" + "0000000000" + "0000000000", "out of order"},
		"nothing at all":           {"", "unexpected end"},
		"a byte past the farewell": {"01040001016101000000000000000000" + "00", "after the end"},
	} {
		b, err := hex.DecodeString(c.bytes)
		if err != nil {
			t.Fatal(name, err)
		}
		_, err = stringCodec.Decode(b)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "orset: ") {
			t.Errorf("%s: got %v, want something about %q", name, err, c.says)
		}
	}
}

func TestCodecLimits(t *testing.T) {
	m := samples()["heartbeat"]
	b, _ := stringCodec.Append(nil, &m)
	small := stringCodec
	small.MaxBytes = len(b)
	if _, err := small.Append([]byte("before"), &m); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	small.MaxBytes--
	if _, err := small.Append(nil, &m); err == nil || !strings.Contains(err.Error(), "raise MaxBytes") {
		t.Errorf("encoding past the limit: got %v", err)
	}
	if _, err := small.Decode(b); err == nil || !strings.Contains(err.Error(), "raise MaxBytes") {
		t.Errorf("decoding past the limit: got %v", err)
	}
}

func TestCodecMetaErrors(t *testing.T) {
	broken := errors.New("broken")
	c := stringCodec
	c.AppendMeta = func([]byte, string) ([]byte, error) { return nil, broken }
	m := samples()["heartbeat"]
	if _, err := c.Append(nil, &m); !errors.Is(err, broken) {
		t.Errorf("encoding: got %v", err)
	}
	b, _ := stringCodec.Append(nil, &m)
	c.ReadMeta = func([]byte) (string, error) { return "", broken }
	if _, err := c.Decode(b); !errors.Is(err, broken) || errors.Is(err, ErrMalformed) {
		t.Errorf("decoding: got %v", err)
	}
}

// A few bytes that promise a lot set aside little.
func TestCodecDoesNotOverAllocate(t *testing.T) {
	head, _ := hex.DecodeString("0101000101610100000000000000" + "00" + "01" + "010174" + "01" + "00" + "00" + "00")
	padding := make([]byte, 1<<16)
	for i := range padding {
		padding[i] = 0xff // no number: nothing of it can be read
	}
	b := append(append(head, 0xff, 0xff, 0x01), padding...) // 32,767 spans
	const runs = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if _, err := stringCodec.Decode(b); err == nil {
			t.Fatal("decoded")
		}
	}
	runtime.ReadMemStats(&after)
	bytes := (after.TotalAlloc - before.TotalAlloc) / runs
	if bytes > 64<<10 {
		t.Errorf("%d bytes set aside for nothing", bytes)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		b, _ := stringCodec.Append(nil, &m)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := stringCodec.Decode(b)
		if err != nil {
			return
		}
		again, err := stringCodec.Append(nil, &m)
		if err != nil {
			t.Fatal(err)
		}
		m2, err := stringCodec.Decode(again)
		if err != nil {
			t.Fatalf("what was decoded does not decode: %v", err)
		}
		want(t, "message", m2, m)
		// Whatever decodes can be received, and leaves everything in order.
		s := newShard(t, ref("self"))
		if m.Delta != nil {
			for i := range m.Delta.Parts {
				s.State().ReplicaUp(m.Delta.Parts[i].Replica)
			}
		}
		s.Receive(m, at(1))
		rows := dump(s.State())
		s.Receive(m, at(1))
		if again := dump(s.State()); again != rows {
			t.Fatalf("a repetition changed\n%s to\n%s", rows, again)
		}
		check(t, s.State())
		s.Tick(at(2))
		s.Tick(at(3))
	})
}
