// The page's words in Korean and English. A key has both beside each other, so that neither is forgotten.
import { byId } from './dom.js';

const TEXT = {
  tagline: ['같은 노래를, 같은 순간에, 함께 이야기해요.', 'The same song, at the same moment, together.'],
  pickPicture: ['프로필 그림', 'Picture'],
  pictureNone: ['그림 없음', 'No picture'],
  picture: ['그림 {n}', 'Picture {n}'],
  nickname: ['닉네임', 'Nickname'],
  nicknameHint: ['친구들에게 보일 이름', 'The name others will see'],
  nicknameMissing: ['닉네임을 적어 주세요.', 'Please enter a nickname.'],
  signIn: ['시작하기', 'Start'],
  signInNote: ['창마다 다른 사용자예요. 두 창을 열어 서로 이야기해 보세요.', 'Each window is a user of its own. Open two and talk to yourself.'],
  newUser: ['다른 사용자', 'Another user'],
  langName: ['English', '한국어'],
  rooms: ['방 목록', 'Rooms'],
  startRoom: ['방 만들기', 'Start a room'],
  myRooms: ['내 채팅방', 'My rooms'],
  openRooms: ['참여할 수 있는 방', 'Rooms you can join'],
  fourHint: ['4개까지 참여할 수 있어요. 새로 들어가면 가장 오래전에 들어온 방에서 나가게 돼요.', 'You can be in 4 rooms. Joining another takes you out of the one joined longest ago.'],
  noJoined: ['아직 참여한 방이 없어요.', 'You are in no room yet.'],
  noUnjoined: ['지금은 새로 들어갈 방이 없어요. 하나 만들어 보세요!', 'No other rooms right now. Start one!'],
  people: ['{n}명', '{n}'],
  peopleLabel: ['참여자 {n}명', '{n} members'],
  unreadLabel: ['안 읽은 메시지 {n}개', '{n} unread messages'],
  noMessage: ['아직 대화가 없어요', 'No messages yet'],
  hostedBy: ['{name}님의 방', 'by {name}'],
  chat: ['채팅', 'Chat'],
  nowhereTitle: ['방을 골라 이야기를 시작해 보세요', 'Pick a room to start talking'],
  nowhereText: ['왼쪽에서 방에 들어가거나 새로 만들 수 있어요.', 'Enter a room on the left, or start your own.'],
  leave: ['잠시 나가기', 'Leave for now'],
  exit: ['채팅방 나가기', 'Exit the room'],
  tracks: ['재생 목록', 'Tracks'],
  members: ['참여자', 'Members'],
  panel: ['재생 목록과 참여자', 'Tracks and members'],
  close: ['닫기', 'Close'],
  membersOn: ['{n}명 중 {on}명 접속 중', '{on} of {n} on'],
  messages: ['메시지', 'Messages'],
  message: ['메시지 입력', 'Message'],
  messageHint: ['메시지 입력', 'Write a message'],
  send: ['보내기', 'Send'],
  switchedOff: ['오프라인 상태라 보낼 수 없어요.', 'You are off, so you cannot send.'],
  switchOn: ['켜기', 'Turn on'],
  roomBegins: ['대화의 시작이에요', 'The conversation begins here'],
  startedAt: ['{when}에 열린 방', 'Opened {when}'],
  entered: ['{name}님이 입장하였습니다.', '{name} entered.'],
  exited: ['{name}님이 퇴장하였습니다.', '{name} left the room.'],
  unreadFrom: ['여기까지 읽었어요', 'You read up to here'],
  gapText: ['일부 메시지를 불러오지 못했어요', 'Some messages could not be loaded'],
  gapLoad: ['불러오기', 'Load'],
  jump: ['맨 아래로', 'To the newest'],
  jumpNew: ['새 메시지 {n}개', '{n} new'],
  sending: ['보내는 중', 'Sending'],
  failed: ['전송 실패', 'Not sent'],
  retry: ['다시 보내기', 'Retry'],
  discard: ['지우기', 'Discard'],
  profileOf: ['{name} 프로필 보기', 'Profile of {name}'],
  memberSince: ['{when}부터 참여', 'Member since {when}'],
  follow: ['팔로우', 'Follow'],
  you: ['나', 'you'],
  owner: ['채팅장', 'host'],
  on: ['접속 중', 'On'],
  off: ['오프라인', 'Off'],
  mySwitch: ['내 접속 상태', 'My presence'],
  mySwitchHint: ['끄면 메시지를 보낼 수 없어요', 'While off you cannot send'],
  nowPlaying: ['지금 나오는 곡', 'Now playing'],
  totalTime: ['{n}곡 · {time} 반복', '{n} tracks · {time} on repeat'],
  startTitle: ['어떤 음악으로 방을 열까요?', 'Which music opens your room?'],
  startText: ['고르는 순간 재생이 시작되고, 모두 같은 곡을 같은 위치에서 들어요.', 'It plays from the moment you choose, at the same place for everyone.'],
  exitTitle: ['채팅방에서 나갈까요?', 'Exit this room?'],
  exitText: ['‘{room}’ 방이 내 목록에서 사라지고, 나갔다고 모두에게 알려요. 다시 들어올 수는 있어요.', '“{room}” leaves your list, and everyone is told. You can join again.'],
  exitConfirm: ['나가기', 'Exit'],
  cancel: ['취소', 'Cancel'],
  connecting: ['연결하는 중…', 'Connecting…'],
  reconnecting: ['연결이 끊겼어요. {n}초 뒤에 다시 연결해요.', 'Connection lost. Trying again in {n} s.'],
  reconnectingNow: ['연결이 끊겼어요. 다시 연결하는 중…', 'Connection lost. Reconnecting…'],
  reconnectNow: ['지금 연결', 'Reconnect now'],
  reconnected: ['다시 연결됐어요.', 'Connected again.'],
  evicted: ['방은 4개까지예요. ‘{room}’ 방에서 나왔어요.', 'Four rooms at most: you left “{room}”.'],
  exitedElsewhere: ['‘{room}’ 방에서 나왔어요.', 'You are no longer in “{room}”.'],
  exitDone: ['‘{room}’ 방에서 나갔어요.', 'You exited “{room}”.'],
  refused: ['받아들여지지 않았어요: {detail}', 'Refused: {detail}'],
  tooFast: ['너무 빨라요. 잠시 뒤에 다시 해 주세요.', 'Too fast. Please try again in a moment.'],
  roomGone: ['없는 방이에요.', 'There is no such room.'],
  unreachable: ['서버에 닿지 않아요.', 'The server cannot be reached.'],
  someRoom: ['채팅방', 'a room'],
  yesterday: ['어제', 'Yesterday'],
};

const LANGUAGES = ['ko', 'en'];
const STORED = 'roomtone.lang';
const listeners = new Set();
let language = LANGUAGES.includes(localStorage.getItem(STORED))
  ? localStorage.getItem(STORED)
  : navigator.language?.toLowerCase().startsWith('ko') ? 'ko' : 'en';

export const lang = () => language;

/** The words for a key, with `{name}` filled in. */
export function t(key, values = {}) {
  const words = TEXT[key][LANGUAGES.indexOf(language)];
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** Calls back whenever the language changes, so that what was drawn can be drawn again. */
export const onLanguage = (listener) => listeners.add(listener);

export function toggleLanguage() {
  language = language === 'ko' ? 'en' : 'ko';
  localStorage.setItem(STORED, language);
  translatePage();
  for (const listener of listeners) listener();
}

/** Writes the words that stand in the HTML itself. */
export function translatePage() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-i18n]')) node.textContent = t(node.dataset.i18n);
  for (const node of document.querySelectorAll('[data-i18n-placeholder]')) node.placeholder = t(node.dataset.i18nPlaceholder);
  for (const node of document.querySelectorAll('[data-i18n-label]')) {
    node.setAttribute('aria-label', t(node.dataset.i18nLabel));
    if (node.tagName === 'BUTTON') node.title = t(node.dataset.i18nLabel);
  }
  for (const node of document.querySelectorAll('[data-lang-toggle]')) {
    node.textContent = t('langName');
    node.lang = language === 'ko' ? 'en' : 'ko';
  }
  byId('panel-shade').title = t('close');
}
