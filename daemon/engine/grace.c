/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/grace.h"

#include "base/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { IDLE, WAITING, STOP };

struct grace {
	grace_over_fn *over;
	void *context;
	struct event *news; /* owned; on `done` */
	int done;	    /* eventfd, owned: written by the thread */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int state; /* under the lock */
};

void grace_wait(void)
{
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		sleep(GRACE_FALLBACK_S);
}

static void *run(void *argument)
{
	struct grace *grace = argument;
	uint64_t one = 1;

	pthread_mutex_lock(&grace->lock);
	for (;;) {
		while (grace->state == IDLE)
			pthread_cond_wait(&grace->changed, &grace->lock);
		if (grace->state == STOP)
			break;
		pthread_mutex_unlock(&grace->lock);
		grace_wait();
		pthread_mutex_lock(&grace->lock);
		if (grace->state == STOP)
			break;
		grace->state = IDLE;
		(void)!write(grace->done, &one, sizeof(one));
	}
	pthread_mutex_unlock(&grace->lock);
	return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *argument)
{
	struct grace *grace = argument;
	uint64_t periods;

	if (read(fd, &periods, sizeof(periods)) == sizeof(periods))
		grace->over(grace->context);
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static int start_thread(struct grace *grace)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = pthread_create(&grace->thread, NULL, run, grace);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void release(struct grace *grace)
{
	if (grace->news)
		event_free(grace->news);
	if (grace->done >= 0)
		close(grace->done);
	pthread_cond_destroy(&grace->changed);
	pthread_mutex_destroy(&grace->lock);
	free(grace);
}

int grace_new(struct event_base *base, grace_over_fn *over, void *context, struct grace **ret_grace,
	      struct sl_errors *errors)
{
	struct grace *grace = sl_calloc(1, sizeof(*grace));
	int err = 0;

	grace->over = over;
	grace->context = context;
	pthread_mutex_init(&grace->lock, NULL);
	pthread_cond_init(&grace->changed, NULL);
	grace->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (grace->done < 0)
		err = errno;
	if (!err) {
		grace->news = event_new(base, grace->done, EV_READ | EV_PERSIST, on_done, grace);
		err = grace->news && !event_add(grace->news, NULL) ? start_thread(grace) : ENOMEM;
	}
	if (err) {
		release(grace);
		return sl_fail(errors, err, "grace periods", "no thread to wait in: %s",
			       strerror(err));
	}
	*ret_grace = grace;
	return 0;
}

void grace_free(struct grace *grace)
{
	if (!grace)
		return;
	pthread_mutex_lock(&grace->lock);
	grace->state = STOP;
	pthread_cond_signal(&grace->changed);
	pthread_mutex_unlock(&grace->lock);
	pthread_join(grace->thread, NULL);
	release(grace);
}

bool grace_begin(struct grace *grace)
{
	bool begun;

	pthread_mutex_lock(&grace->lock);
	begun = grace->state == IDLE;
	if (begun) {
		grace->state = WAITING;
		pthread_cond_signal(&grace->changed);
	}
	pthread_mutex_unlock(&grace->lock);
	return begun;
}
