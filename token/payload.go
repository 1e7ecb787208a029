package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/etf"
	"github.com/bennu-go/bennu/internal/codec"
)

// payloadVersion is the first element of a JSON payload.
const payloadVersion = '1'

// etfVersion is the first byte of every term; no JSON text begins with it.
const etfVersion = 131

func encodePayload(f Format, data any, signedMs int64, maxAge age) ([]byte, error) {
	if f == Phoenix {
		return etf.Marshal(etf.Tuple{data, signedMs, phoenixAge(maxAge)})
	}
	text, err := codec.Marshal(data)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(text)+40)
	b = append(b, '[', payloadVersion, ',')
	b = strconv.AppendInt(b, signedMs, 10)
	b = append(b, ',')
	if maxAge == forever {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(maxAge), 10)
	}
	b = append(b, ',')
	b = append(b, text...)
	return append(b, ']'), nil
}

// phoenixAge is in seconds, and an integer where it can be, as Elixir code writes it.
func phoenixAge(a age) any {
	switch {
	case a == forever:
		return etf.Atom("infinity")
	case a%1000 == 0:
		return int64(a / 1000)
	}
	return float64(a) / 1000
}

// decodePayload checks the times of an authenticated payload and stores its data.
func decodePayload(payload []byte, into any, maxAge time.Duration) error {
	var (
		c   claims
		err error
	)
	if len(payload) > 0 && payload[0] == etfVersion {
		c, err = phoenixClaims(payload)
	} else {
		c, err = jsonClaims(payload)
	}
	if err != nil {
		return fmt.Errorf("%w: payload: %w", ErrInvalid, err)
	}
	if err := check(c.signedMs, time.Now().UnixMilli(), c.maxAge, maxAge); err != nil {
		return err
	}
	if into == nil {
		return nil
	}
	if err := c.store(into); err != nil {
		return fmt.Errorf("%w: data: %w", ErrInvalid, err)
	}
	return nil
}

type claims struct {
	signedMs int64
	maxAge   age
	store    func(into any) error
}

func jsonClaims(payload []byte) (claims, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(payload, &parts); err != nil {
		return claims{}, err
	}
	if len(parts) != 4 || string(parts[0]) != string(payloadVersion) {
		return claims{}, errors.New("not of a known version")
	}
	c := claims{maxAge: forever, store: func(into any) error { return unmarshalJSON(parts[3], into) }}
	if err := json.Unmarshal(parts[1], &c.signedMs); err != nil {
		return claims{}, err
	}
	if err := json.Unmarshal(parts[2], &c.maxAge); err != nil { // null leaves it at forever
		return claims{}, err
	}
	return c, nil
}

func phoenixClaims(payload []byte) (claims, error) {
	term, err := etf.Decode(payload)
	if err != nil {
		return claims{}, err
	}
	var data, signed, maxAge any
	maxAge = int64(defaultMaxAge / time.Second)
	switch p := term.(type) {
	case etf.Tuple:
		switch len(p) {
		case 3:
			data, signed, maxAge = p[0], p[1], p[2]
		case 2: // plug_crypto 1.1
			data, signed = p[0], p[1]
		}
	case etf.Map: // Phoenix 1.2
		data, _ = p.Get(etf.Atom("data"))
		signed, _ = p.Get(etf.Atom("signed"))
	}
	c := claims{store: func(into any) error { return etf.Assign(into, data) }}
	var ok bool
	if c.signedMs, ok = signed.(int64); !ok {
		return claims{}, errors.New("no time of signing")
	}
	switch a := maxAge.(type) {
	case int64:
		c.maxAge = seconds(float64(a))
	case float64:
		c.maxAge = seconds(a)
	case etf.Atom:
		c.maxAge, ok = forever, a == "infinity"
	default:
		ok = false
	}
	if !ok {
		return claims{}, errors.New("no maximum age")
	}
	return c, nil
}

// unmarshalJSON keeps integers integers where the caller takes whatever comes.
func unmarshalJSON(data []byte, into any) error {
	switch into.(type) {
	case *any, *map[string]any, *[]any:
	default:
		return codec.Unmarshal(data, into)
	}
	var plain any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&plain); err != nil {
		return err
	}
	plain, err := numbers(plain)
	if err != nil {
		return err
	}
	return etf.Assign(into, plain)
}

func numbers(v any) (_ any, err error) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			if v[k], err = numbers(v[k]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i]); err != nil {
				return nil, err
			}
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		if n, ok := new(big.Int).SetString(string(v), 10); ok {
			return n, nil
		}
		return v.Float64()
	}
	return v, nil
}
