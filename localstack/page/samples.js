// Sample playlists: real songs by their facts (title, artist, length). The covers are drawings of our own.

const song = (id, title, artist, playtime) => ({ id, title, artist, playtime, thumbnail: `/page/cover-${id}.svg` });

const SPRING = song('spring-branch', '봄날', '방탄소년단', '4:34');
const LETTER = song('night-letter', '밤편지', '아이유', '4:13');
const DITTO = song('viewfinder', 'Ditto', 'NewJeans', '3:05');
const DIVE = song('dive', 'LOVE DIVE', 'IVE', '2:57');
const WEDGE = song('wedge', 'How You Like That', 'BLACKPINK', '3:01');
const PSYCHO = song('mirror', 'Psycho', 'Red Velvet', '3:31');
const LIGHTS = song('neon-road', 'Blinding Lights', 'The Weeknd', '3:20');
const OPERA = song('opera', 'Bohemian Rhapsody', 'Queen', '5:55');
const WALL = song('brick-wall', 'Wonderwall', 'Oasis', '4:18');
const DEEP = song('ember', 'Rolling in the Deep', 'Adele', '3:48');
const JEAN = song('lit-steps', 'Billie Jean', 'Michael Jackson', '4:54');
const QUEEN = song('mirror-ball', 'Dancing Queen', 'ABBA', '3:50');

const PLAYLISTS = [
  { id: 'sample-kpop', name: { ko: '지금, K-pop', en: 'K-pop right now' }, musics: [DITTO, SPRING, DIVE, LETTER, WEDGE, PSYCHO] },
  { id: 'sample-classics', name: { ko: '언제 들어도 명곡', en: 'Always classics' }, musics: [QUEEN, OPERA, JEAN, WALL, DEEP, LIGHTS] },
  { id: 'sample-night', name: { ko: '밤 산책', en: 'A walk at night' }, musics: [LETTER, LIGHTS, PSYCHO, WALL, DITTO, JEAN, SPRING, DEEP] },
];

/** The sample playlists in a language. Their ids carry the uid, since a playlist has one owner. */
export function samplePlaylists(language, uid) {
  return PLAYLISTS.map(({ id, name, musics }) => ({ id: `${id}-${uid}`, name: name[language], musics }));
}

/** Every cover once, for the sign-in screen. */
export const COVERS = [DITTO, SPRING, DIVE, QUEEN, LETTER, LIGHTS, WEDGE, OPERA, PSYCHO, WALL, JEAN, DEEP].map((music) => music.thumbnail);
