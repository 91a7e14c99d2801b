// The first screen: a nickname and a picture, and one is in.
import { byId, h } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { toastProblem } from './notices.js';
import { avatar, PICTURES } from './picture.js';
import { COVERS } from './samples.js';
import { signIn } from './session.js';

export function initSignIn(onSignedIn) {
  const tiles = [...COVERS, ...COVERS].map((address) => h('img', { src: address, alt: '', draggable: 'false' }));
  byId('collage').append(h('div', { class: 'collage-wall' }, tiles));
  drawPicks(PICTURES[Math.floor(Math.random() * PICTURES.length)]);
  onLanguage(() => drawPicks(chosenPicture()));
  byId('nickname').addEventListener('input', () => complain(''));
  byId('signin-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const nickname = byId('nickname').value.trim();
    if (!nickname) return complain(t('nicknameMissing'));
    try {
      await signIn(nickname, chosenPicture());
    } catch (problem) {
      return toastProblem(problem);
    }
    byId('nickname').value = '';
    return onSignedIn();
  });
}

function complain(words) {
  byId('nickname-problem').textContent = words;
  byId('nickname').toggleAttribute('aria-invalid', Boolean(words));
  if (words) byId('nickname').focus();
}

const chosenPicture = () => document.querySelector('input[name="picture"]:checked')?.value || null;

function drawPicks(chosen) {
  const pick = (address, index) =>
    h('label', { class: 'pick', title: address ? t('picture', { n: index }) : t('pictureNone') },
      h('input', { type: 'radio', name: 'picture', value: address, checked: address === (chosen ?? ''), 'aria-label': address ? t('picture', { n: index }) : t('pictureNone') }),
      address ? avatar({ uid: '', nickName: ' ', profileImage: address }) : h('span', { class: 'avatar no-picture', 'aria-hidden': 'true' }, 'A'));
  byId('picture-picks').replaceChildren(...['', ...PICTURES].map(pick));
}
