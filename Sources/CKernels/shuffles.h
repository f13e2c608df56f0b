// Index lists for __builtin_shufflevector, by the number of lanes. Of two vectors a and b: LO and HI interleave their
// halves, EVEN and ODD undo that; LO_NEAR and HI_NEAR interleave the halves of every 4 or 2 lanes. Of one vector of complex elements: RE and IM copy a part to both places, SWAP exchanges
// the parts, REV reverses the order of the elements, PAIR repeats the first one.
#pragma once

#define LO_2 0, 2
#define HI_2 1, 3
#define EVEN_2 0, 2
#define ODD_2 1, 3
#define RE_2 0, 0
#define IM_2 1, 1
#define SWAP_2 1, 0
#define REV_2 0, 1
#define PAIR_2 0, 1

#define LO_4 0, 4, 1, 5
#define HI_4 2, 6, 3, 7
#define EVEN_4 0, 2, 4, 6
#define ODD_4 1, 3, 5, 7
#define RE_4 0, 0, 2, 2
#define IM_4 1, 1, 3, 3
#define SWAP_4 1, 0, 3, 2
#define REV_4 2, 3, 0, 1
#define PAIR_4 0, 1, 0, 1

#define LO_8 0, 8, 1, 9, 2, 10, 3, 11
#define HI_8 4, 12, 5, 13, 6, 14, 7, 15
#define EVEN_8 0, 2, 4, 6, 8, 10, 12, 14
#define ODD_8 1, 3, 5, 7, 9, 11, 13, 15
#define RE_8 0, 0, 2, 2, 4, 4, 6, 6
#define IM_8 1, 1, 3, 3, 5, 5, 7, 7
#define SWAP_8 1, 0, 3, 2, 5, 4, 7, 6
#define REV_8 6, 7, 4, 5, 2, 3, 0, 1
#define PAIR_8 0, 1, 0, 1, 0, 1, 0, 1

#define LO_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HI_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVEN_16 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD_16 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define RE_16 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14
#define IM_16 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15
#define SWAP_16 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14
#define REV_16 14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1
#define PAIR_16 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1

#define LO_NEAR_4_4 LO_4
#define HI_NEAR_4_4 HI_4
#define LO_NEAR_4_8 0, 8, 1, 9, 4, 12, 5, 13
#define HI_NEAR_4_8 2, 10, 3, 11, 6, 14, 7, 15
#define LO_NEAR_4_16 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HI_NEAR_4_16 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define LO_NEAR_2_2 LO_2
#define HI_NEAR_2_2 HI_2
#define LO_NEAR_2_4 0, 4, 2, 6
#define HI_NEAR_2_4 1, 5, 3, 7
#define LO_NEAR_2_8 0, 8, 2, 10, 4, 12, 6, 14
#define HI_NEAR_2_8 1, 9, 3, 11, 5, 13, 7, 15

#define SHUFFLES_JOIN(kind, lanes) kind##_##lanes
#define SHUFFLES_OF(kind, lanes) SHUFFLES_JOIN(kind, lanes)
// The list of a kind for the current number of LANES.
#define LIST(kind) SHUFFLES_OF(kind, LANES)
