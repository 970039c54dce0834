// SPDX-License-Identifier: GPL-2.0
/*
 * ata_pass DISK - ATA commands of a program, by SG_IO, and what came of each
 *
 * As hdparm, smartctl and blkdiscard give them: libata passes them on.  Their results must not
 * depend on how the driver's accesses travel.  Writes to sectors 8192 to 12287.
 *
 * Prints a line for each command; fails if one could not be given at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <scsi/sg.h>

#define SECTOR		512
#define WRITABLE	8192

/* SAT-4: ATA PASS-THROUGH (16). */
enum protocol {
	NO_DATA = 3,
	PIO_IN = 4,
	PIO_OUT = 5,
	DMA_IN = 6 | 0x40,
	DMA_OUT = 6 | 0x80,
};

struct command {
	const char *name;
	uint8_t code;
	enum protocol protocol;
	uint16_t feature;
	uint16_t sectors;
	uint64_t lba;
	bool ext;
	bool dsm;
	bool varies;		/* what it says is not the same twice */
};

static const struct command commands[] = {
	{ .name = "IDENTIFY DEVICE", .code = 0xec, .protocol = PIO_IN, .sectors = 1 },
	{ .name = "FLUSH CACHE", .code = 0xe7, .protocol = NO_DATA },
	{ .name = "FLUSH CACHE EXT", .code = 0xea, .protocol = NO_DATA, .ext = true },
	{ .name = "CHECK POWER MODE", .code = 0xe5, .protocol = NO_DATA, .varies = true },
	{ .name = "IDLE IMMEDIATE", .code = 0xe1, .protocol = NO_DATA },
	{ .name = "STANDBY IMMEDIATE", .code = 0xe0, .protocol = NO_DATA },
	{ .name = "READ VERIFY", .code = 0x40, .protocol = NO_DATA, .sectors = 8, .lba = 100 },
	{ .name = "READ VERIFY EXT", .code = 0x42, .protocol = NO_DATA, .sectors = 8, .lba = 100,
	  .ext = true },
	{ .name = "READ NATIVE MAX", .code = 0xf8, .protocol = NO_DATA },
	{ .name = "READ NATIVE MAX EXT", .code = 0x27, .protocol = NO_DATA, .ext = true },
	{ .name = "SET FEATURES write cache off", .code = 0xef, .protocol = NO_DATA,
	  .feature = 0x82 },
	{ .name = "SET FEATURES write cache on", .code = 0xef, .protocol = NO_DATA,
	  .feature = 0x02 },
	{ .name = "SET FEATURES read-ahead", .code = 0xef, .protocol = NO_DATA, .feature = 0xaa },
	{ .name = "SET FEATURES unknown", .code = 0xef, .protocol = NO_DATA, .feature = 0x77 },
	{ .name = "SMART ENABLE", .code = 0xb0, .protocol = NO_DATA, .feature = 0xd8,
	  .lba = 0xc24f00 },
	{ .name = "SMART RETURN STATUS", .code = 0xb0, .protocol = NO_DATA, .feature = 0xda,
	  .lba = 0xc24f00 },
	{ .name = "SMART READ DATA", .code = 0xb0, .protocol = PIO_IN, .feature = 0xd0,
	  .sectors = 1, .lba = 0xc24f00, .varies = true },
	{ .name = "SMART READ THRESHOLDS", .code = 0xb0, .protocol = PIO_IN, .feature = 0xd1,
	  .sectors = 1, .lba = 0xc24f00 },
	{ .name = "SMART READ LOG", .code = 0xb0, .protocol = PIO_IN, .feature = 0xd5,
	  .sectors = 1, .lba = 0xc24f01 },
	{ .name = "SMART without its key", .code = 0xb0, .protocol = NO_DATA, .feature = 0xd8 },
	{ .name = "WRITE SECTORS", .code = 0x30, .protocol = PIO_OUT, .sectors = 8,
	  .lba = WRITABLE },
	{ .name = "READ SECTORS", .code = 0x20, .protocol = PIO_IN, .sectors = 8, .lba = WRITABLE },
	{ .name = "WRITE SECTORS EXT", .code = 0x34, .protocol = PIO_OUT, .sectors = 8,
	  .lba = WRITABLE + 8, .ext = true },
	{ .name = "READ SECTORS EXT", .code = 0x24, .protocol = PIO_IN, .sectors = 8,
	  .lba = WRITABLE + 8, .ext = true },
	{ .name = "WRITE MULTIPLE", .code = 0xc5, .protocol = PIO_OUT, .sectors = 7,
	  .lba = WRITABLE + 16 },
	{ .name = "READ MULTIPLE", .code = 0xc4, .protocol = PIO_IN, .sectors = 7,
	  .lba = WRITABLE + 16 },
	{ .name = "WRITE DMA", .code = 0xca, .protocol = DMA_OUT, .sectors = 8,
	  .lba = WRITABLE + 24 },
	{ .name = "READ DMA", .code = 0xc8, .protocol = DMA_IN, .sectors = 8,
	  .lba = WRITABLE + 24 },
	{ .name = "WRITE DMA EXT", .code = 0x35, .protocol = DMA_OUT, .sectors = 8,
	  .lba = WRITABLE + 32, .ext = true },
	{ .name = "READ DMA EXT", .code = 0x25, .protocol = DMA_IN, .sectors = 8,
	  .lba = WRITABLE + 32, .ext = true },
	{ .name = "WRITE DMA FUA EXT", .code = 0x3d, .protocol = DMA_OUT, .sectors = 8,
	  .lba = WRITABLE + 40, .ext = true },
	{ .name = "READ DMA EXT behind that", .code = 0x25, .protocol = DMA_IN, .sectors = 8,
	  .lba = WRITABLE + 40, .ext = true },
	{ .name = "DATA SET MANAGEMENT TRIM", .code = 0x06, .protocol = DMA_OUT, .feature = 1,
	  .sectors = 1, .ext = true, .dsm = true },
	{ .name = "READ DMA EXT of what is trimmed", .code = 0x25, .protocol = DMA_IN, .sectors = 8,
	  .lba = WRITABLE + 24, .ext = true },
	{ .name = "READ DMA EXT of what is not", .code = 0x25, .protocol = DMA_IN, .sectors = 8,
	  .lba = WRITABLE + 8, .ext = true },
	{ .name = "READ DMA EXT behind the end", .code = 0x25, .protocol = DMA_IN, .sectors = 8,
	  .lba = 0x123456789abc, .ext = true },
	{ .name = "WRITE DMA EXT behind the end", .code = 0x35, .protocol = DMA_OUT, .sectors = 8,
	  .lba = 0x123456789abc, .ext = true },
	{ .name = "NOP", .code = 0x00, .protocol = NO_DATA },
	{ .name = "no command", .code = 0xfe, .protocol = NO_DATA },
	{ .name = "IDENTIFY PACKET DEVICE", .code = 0xa1, .protocol = PIO_IN, .sectors = 1 },
};

static uint8_t data[8 * SECTOR] __attribute__((aligned(4096)));

static uint32_t hash(const uint8_t *p, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ *p++) * 16777619;
	return h;
}

static void fill(const struct command *c)
{
	uint64_t range = (WRITABLE + 24) | 8ULL << 48;
	size_t i;

	memset(data, 0, sizeof(data));
	if (c->dsm) {
		memcpy(data, &range, sizeof(range));
	} else {
		for (i = 0; i < sizeof(data); i++)
			data[i] = i * 7 + i / SECTOR + c->code;
	}
}

static int give(int fd, const struct command *c)
{
	uint8_t cdb[16] = { 0x85 }, sense[32] = { 0 };
	bool out = c->protocol == PIO_OUT || c->protocol == DMA_OUT;
	size_t bytes = c->protocol == NO_DATA ? 0 : c->sectors * SECTOR;
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.cmdp = cdb,
		.cmd_len = sizeof(cdb),
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.dxferp = data,
		.dxfer_len = bytes,
		.dxfer_direction = !bytes ? SG_DXFER_NONE :
				   out ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV,
		.timeout = 60000,
	};

	cdb[1] = (c->protocol & 0xf) << 1 | c->ext;
	/* Registers are to come back; the length is in blocks, and in the sector count. */
	cdb[2] = 0x20 | (bytes ? (out ? 0 : 8) | 4 | 2 : 0);
	cdb[3] = c->feature >> 8;
	cdb[4] = c->feature;
	cdb[5] = c->sectors >> 8;
	cdb[6] = c->sectors;
	cdb[7] = c->lba >> 24;
	cdb[8] = c->lba;
	cdb[9] = c->lba >> 32;
	cdb[10] = c->lba >> 8;
	cdb[11] = c->lba >> 40;
	cdb[12] = c->lba >> 16;
	cdb[13] = 0x40;
	cdb[14] = c->code;

	if (out)
		fill(c);
	else
		memset(data, 0x55, sizeof(data));
	if (ioctl(fd, SG_IO, &io)) {
		fprintf(stderr, "ata_pass: %s: %s\n", c->name, strerror(errno));
		return 1;
	}
	printf("%s: host %x driver %x", c->name, io.host_status, io.driver_status);
	/* Descriptor format, ATA Status Return. */
	if (sense[0] == 0x72 && sense[8] == 9) {
		const uint8_t *d = sense + 8;

		printf(" sense %x/%02x/%02x error %x", sense[1] & 0xf, sense[2], sense[3], d[3]);
		if (!c->varies)
			printf(" count %x%02x lba %02x%02x%02x%02x%02x%02x device %x",
			       d[4], d[5], d[10], d[8], d[6], d[11], d[9], d[7], d[12]);
		printf(" status %x", d[13]);
	}
	if (bytes && !out && !c->varies)
		printf(" data %08x", hash(data, bytes));
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: ata_pass DISK\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (give(fd, &commands[i]))
			return 1;
	}
	return 0;
}
