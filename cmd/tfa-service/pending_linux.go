package main

import (
	"errors"
	"sync"
	"time"
)

// undecidedFor is how long a program may wait for the guard. While one does, so
// may all others.
const undecidedFor = 5 * time.Second

// pending are the decisions that the guard has not made yet.
type pending struct {
	now     func() time.Time
	decided func(allowed bool, took time.Duration)

	mu    sync.Mutex
	next  int
	begun map[int]time.Time
}

// begin notes that a decision has begun, and returns what notes its end.
func (p *pending) begin() func(allowed bool) {
	begun := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	number := p.next
	p.begun[number] = begun
	return func(allowed bool) {
		p.decided(allowed, p.now().Sub(begun))
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.begun, number)
	}
}

// err is that a decision takes too long.
func (p *pending) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, begun := range p.begun {
		if p.now().Sub(begun) > undecidedFor {
			return errors.New("the guard does not decide")
		}
	}
	return nil
}
