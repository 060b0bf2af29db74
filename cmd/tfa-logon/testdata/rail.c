// A channel of xfreerdp that sends the order of RemoteApp to run the program
// RAIL_EXEC, as long as the file RAIL_WHEN is there, and waits for no handshake
// ([MS-RDPERP] 2.2.2.3.1). xrdp drops what comes before its end is up, so it is
// sent again.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <freerdp/svc.h>

static CHANNEL_ENTRY_POINTS_FREERDP_EX points;
static void *client;
static DWORD channel;

static void VCAPITYPE heard(LPVOID user, DWORD handle, UINT event, LPVOID data, UINT32 length, UINT32 total, UINT32 flags) {}

static void *send_orders(void *unused) {
	const char *program = getenv("RAIL_EXEC"), *when = getenv("RAIL_WHEN");
	size_t n = strlen(program), size = 12 + 2 * n;
	for (;; usleep(500000)) {
		while (access(when, F_OK) != 0)
			usleep(20000);
		// It must live until it is sent.
		unsigned char *order = calloc(1, size);
		order[0] = 1; // TS_RAIL_ORDER_EXEC
		order[2] = size & 0xff, order[3] = size >> 8;
		order[6] = n & 0xff, order[7] = n >> 8; // characters, as chansrv counts them
		for (size_t i = 0; i < n; i++)
			order[12 + 2 * i] = program[i];
		points.pVirtualChannelWriteEx(client, channel, order, size, order);
	}
	return NULL;
}

static void VCAPITYPE begin(LPVOID user, LPVOID handle, UINT event, LPVOID data, UINT length) {
	pthread_t thread;
	if (event == CHANNEL_EVENT_CONNECTED && points.pVirtualChannelOpenEx(handle, &channel, "rail", heard) == CHANNEL_RC_OK)
		pthread_create(&thread, NULL, send_orders, NULL);
}

BOOL VCAPITYPE VirtualChannelEntryEx(PCHANNEL_ENTRY_POINTS_EX entry, PVOID handle) {
	CHANNEL_DEF rail = {"rail", CHANNEL_OPTION_INITIALIZED | CHANNEL_OPTION_ENCRYPT_RDP};
	memcpy(&points, entry, sizeof(points));
	client = handle;
	return points.pVirtualChannelInitEx(NULL, NULL, handle, &rail, 1, VIRTUAL_CHANNEL_VERSION_WIN2000, begin) == CHANNEL_RC_OK;
}
