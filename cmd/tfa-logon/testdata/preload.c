// A library that leaves marks from inside any program that loads it.
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void past(void) {
	if (fork() != 0)
		return;
	setsid();
	for (;;) {
		int marks = open("/srv/marks/past", O_WRONLY | O_CREAT | O_APPEND, 0666);
		write(marks, ".", 1);
		close(marks);
		usleep(100000);
	}
}
