package ets_test

import (
	"fmt"
	"time"

	"github.com/bennu-go/bennu/ets"
)

// A window of requests per client: the counter's time begins with the first request and is not prolonged by others.
func ExampleCounters_AddTTL() {
	requests := ets.NewCounters[string](ets.Config{Name: "requests"})
	for range 4 {
		n, _ := requests.AddTTL("203.0.113.7", 1, time.Minute)
		fmt.Println(n, n <= 3)
	}
	// Output:
	// 1 true
	// 2 true
	// 3 true
	// 4 false
}

// An ordered set by a key of two parts: the best scores, equal ones by name.
func ExampleNewOrderedFunc() {
	type place struct {
		score int
		name  string
	}
	board := ets.NewOrderedFunc[place, string](ets.Config{Name: "board"}, func(a, b place) int {
		if a.score != b.score {
			return b.score - a.score
		}
		return len(a.name) - len(b.name)
	})
	board.Put(place{90, "ada"}, "gold")
	board.Put(place{70, "bo"}, "silver")
	board.Put(place{80, "cy"}, "new")
	for p, note := range board.All() {
		fmt.Println(p.score, p.name, note)
	}
	// Output:
	// 90 ada gold
	// 80 cy new
	// 70 bo silver
}

// Update is read and write at one instant.
func ExampleSet_Update() {
	seats := ets.NewSet[string, int](ets.Config{Name: "seats"})
	seats.Put("concert", 1)
	book := func() bool {
		booked := false
		seats.Update("concert", func(left int, found bool) (int, bool) {
			booked = found && left > 0
			if !booked {
				return left, found
			}
			return left - 1, true
		})
		return booked
	}
	fmt.Println(book(), book())
	// Output:
	// true false
}
