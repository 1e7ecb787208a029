package token

import (
	"math"
	"time"
)

const defaultMaxAge = 24 * time.Hour

// age is how old a token may become, in milliseconds; forever means that it does not expire.
type age int64

const forever age = math.MaxInt64

func ageOf(d time.Duration) age {
	if d == Forever {
		return forever
	}
	return age(d.Milliseconds())
}

// seconds turns what a Phoenix payload says into an age.
func seconds(s float64) age {
	ms := s * 1000
	switch {
	case ms >= math.MaxInt64:
		return forever - 1 // longer than any clock counts, but still not valid when signed in the future
	case ms <= math.MinInt64:
		return math.MinInt64
	}
	return age(ms)
}

// check compares when a token was signed with now. embedded is the age in the token, allowed what the verifier said.
func check(signedMs, nowMs int64, embedded age, allowed time.Duration) error {
	limit := embedded
	if allowed != 0 {
		limit = ageOf(allowed)
		if allowed > 0 && limit == 0 {
			limit = 1 // less than a millisecond is not nothing
		}
	}
	switch {
	case limit == forever:
		return nil
	case limit <= 0:
		return ErrExpired
	case signedMs > nowMs:
		return ErrInvalid
	}
	old := nowMs - signedMs
	if old < 0 || old > int64(limit) { // below zero: signed so long ago that the difference overflowed
		return ErrExpired
	}
	return nil
}
